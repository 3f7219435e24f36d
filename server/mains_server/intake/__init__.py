"""The roads by which readings come in besides the portal: files, one-time links, text messages."""
