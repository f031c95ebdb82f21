"""What only a browser can show; skipped where there is no Chromium."""
