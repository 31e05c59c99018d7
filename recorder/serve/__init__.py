"""What an app offers, served: to language models over MCP."""
