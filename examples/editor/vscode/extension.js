// Starts `picomesh lsp` for the rulesets of a window, and ends it with the window.

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const command = vscode.workspace.getConfiguration("picomesh").get("command");
  const server = { command, args: ["lsp"] };
  client = new LanguageClient("picomesh", "Picomesh", server, { documentSelector: [{ language: "krl" }] });
  return client.start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
