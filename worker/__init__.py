"""The worker room: Celery wakes up, sweeps due rows through the engine, and delivers what the outbox holds."""
