"""Jobs, progress events, cancel: between web processes and workers. No torch here."""
