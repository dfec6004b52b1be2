"""The web room: Flask translates HTTP into commands and queries of the engine, and back."""
