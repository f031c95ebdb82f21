{%- extends "nbgrader/manage_submissions.tpl" -%}
{%- block messages -%}
<p>Grade with <code>autograde grade {{ assignment_id }}</code> in a terminal: it runs students' code
behind walls. The buttons at the right say which command to use.</p>
{%- endblock -%}
