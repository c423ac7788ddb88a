// What pages say of the APIs as an MCP server, in English.

export const mcpEn = {
  title: 'MCP',
  about:
    'Models and agents call these APIs as tools. Each call is an ordinary call: same limits, same price, one line in your usage.',
  address: 'Address of the server',
  oneApi: 'To offer one API only, add its name:',
  key: 'The lines below read the key from API_KEY. Give every agent a key of its own, with the scopes it needs and a daily quota.',
  newKey: 'Create a key',
  clients: 'Add it to your client',
  other: 'Any other client',
  otherText: 'Streamable HTTP, with the header Authorization: Bearer and a key, or with an OAuth client.',
  tools: (count: string) => `Tools (${count})`,
  toolsText: 'Made from the documents of the APIs. A key only sees the tools that its scopes allow.',
  tool: 'Tool',
  does: 'What it does',
  calls: 'Calls',
  scope: 'Scope',
  free: 'free',
  read: 'How it works',
  own: {
    get_usage: 'What the key used, and what is left of its limits',
    explain_request: 'What became of a request, and what to do about it',
    search_docs: 'Searches the documentation',
    create_budget_key: 'Makes a key with a budget, for another agent',
    list_budget_keys: 'What is left of the keys with budgets that the key made',
    revoke_budget_key: 'Ends one of them',
  },
};
