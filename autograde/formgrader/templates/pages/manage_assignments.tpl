{%- extends "nbgrader/manage_assignments.tpl" -%}
{%- block messages -%}
<p>To mark, choose <a href="{{ base_url }}/formgrader/gradebook">Manual Grading</a>. Labs are built,
published, collected and graded by <code>autograde</code> in a terminal.</p>
{%- endblock -%}
