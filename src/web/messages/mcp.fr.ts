// What pages say of the APIs as an MCP server, in French.

import type { mcpEn } from './mcp.en.ts';

export const mcpFr: typeof mcpEn = {
  title: 'MCP',
  about:
    'Des modèles et des agents appellent ces API comme outils. Chaque appel est un appel ordinaire : mêmes limites, même prix, une ligne dans votre utilisation.',
  address: 'Adresse du serveur',
  oneApi: 'Pour n’offrir qu’une API, ajoutez son nom :',
  key: 'Les lignes ci-dessous lisent la clé dans API_KEY. Donnez à chaque agent sa propre clé, avec les autorisations nécessaires et un quota journalier.',
  newKey: 'Créer une clé',
  clients: 'L’ajouter à votre client',
  other: 'Tout autre client',
  otherText:
    'HTTP avec flux (Streamable HTTP), avec l’en-tête Authorization: Bearer et une clé, ou avec un client OAuth.',
  tools: (count) => `Outils (${count})`,
  toolsText: 'Tirés des documents des API. Une clé ne voit que les outils que permettent ses autorisations.',
  tool: 'Outil',
  does: 'Ce qu’il fait',
  calls: 'Appelle',
  scope: 'Autorisation',
  free: 'gratuit',
  read: 'Comment ça marche',
  own: {
    get_usage: 'Ce que la clé a utilisé, et ce qui reste de ses limites',
    explain_request: 'Ce qu’est devenue une requête, et que faire',
    search_docs: 'Cherche dans la documentation',
    create_budget_key: 'Crée une clé à budget, pour un autre agent',
    list_budget_keys: 'Ce qui reste des clés à budget issues de la clé',
    revoke_budget_key: 'Met fin à l’une d’elles',
  },
};
