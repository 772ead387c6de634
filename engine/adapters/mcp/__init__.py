"""The Model Context Protocol, by which AI assistants use picos. It needs `picomesh[mcp]`: loaded by name."""
