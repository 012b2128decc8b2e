"""The pages for whoever has a spreadsheet: it is sent, looked at, and published, proposed or taken home."""
