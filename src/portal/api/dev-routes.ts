// Gathers the routes of /api/dev.

import './app-routes.ts';
import './key-routes.ts';
import './budget-key-routes.ts';
import './grant-routes.ts';
import './usage-routes.ts';
import './version-routes.ts';
import './request-routes.ts';
import './member-routes.ts';
import './mail-routes.ts';
import './live-access-routes.ts';
import './webhook-routes.ts';
import './billing-routes.ts';
import './simulation-routes.ts';

export { developerApi } from './developer.ts';
