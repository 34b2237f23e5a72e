"""The one pipeline: collect → fit → evaluate → report, whatever the plugin."""
