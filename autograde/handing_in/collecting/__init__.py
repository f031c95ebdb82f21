"""From what an LMS hands out to nbgrader's tree: archives, layouts, class lists, versions."""
