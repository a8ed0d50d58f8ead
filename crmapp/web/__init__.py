"""What blueprints share: extensions, access, htmx, forms, paging, templating, errors, security."""
