"""Everything true about a case; knows neither HTTP nor Celery."""
