"""What a careless deployment serves beside the application, by fault: path, type, content."""

FILES = {
    "exposed-sources": ("/.git/HEAD", "text/plain", "ref: refs/heads/main\n"),
    "exposed-secrets": ("/.env", "text/plain", "DATABASE_PASSWORD=hunter2\n"),
    "exposed-debugging": ("/console", "text/html; charset=utf-8", "<title>Console // Werkzeug Debugger</title>"),
    "exposed-monitoring": ("/metrics", "text/plain", "# HELP requests_total All of them.\n"),
    "exposed-documentation": ("/openapi.json", "application/json", '{"openapi": "3.1.0"}'),
    "directory-listing": ("/static/", "text/html; charset=utf-8", "<title>Index of /static/</title>"),
}
