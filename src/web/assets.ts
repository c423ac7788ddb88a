// Static assets: which names are current, and serving them. Content is in the name, so a browser keeps them for good.

export type Assets = Readonly<Record<'portal.css' | 'portal.js' | 'playground.js' | 'reference.js', string>>;

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

export function createAssetServer(binding: Pick<Fetcher, 'fetch'>) {
  let known: Assets | undefined;
  return {
    async current(): Promise<Assets> {
      if (known) return known;
      const response = await binding.fetch('https://assets.local/manifest.json');
      if (!response.ok)
        throw new Error('the static assets are missing: node src/web/build-assets.ts makes them');
      known = await response.json<Assets>();
      return known;
    },
    async serve(path: string): Promise<Response> {
      const response = await binding.fetch(`https://assets.local${path}`);
      if (!response.ok)
        return new Response('Not found', { status: 404, headers: { 'cache-control': 'no-store' } });
      const extension = path.slice(path.lastIndexOf('.') + 1);
      return new Response(response.body, {
        headers: {
          'content-type': TYPES[extension] ?? 'application/octet-stream',
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
        },
      });
    },
  };
}

export type AssetServer = ReturnType<typeof createAssetServer>;
