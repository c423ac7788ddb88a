// Gathers the routes of /dashboard.

import './dashboard-me-routes.ts';
import './dashboard-key-routes.ts';
import './dashboard-usage-routes.ts';

export { dashboard } from './dashboard.ts';
