{%- extends "nbgrader/base.tpl" -%}
{%- block title -%}Not graded{%- endblock -%}
{%- block body -%}
<p>There is no graded notebook of this submission. Run <code>autograde grade
{{ resources.assignment_id }}</code>, then open this page again.</p>
{%- endblock -%}
