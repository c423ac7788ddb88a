// Gathers the routes of /api/dev.

import './app-routes.ts';
import './key-routes.ts';
import './usage-routes.ts';

export { developerApi } from './developer.ts';
