// Gathers the portal's pages.

import './public-pages.tsx';
import './account-pages.tsx';
import './reset-pages.tsx';
import './verify-pages.tsx';
import './proof-pages.tsx';
import './identity-pages.tsx';
import './welcome-pages.tsx';
import './overview-page.tsx';
import './app-pages.tsx';
import './key-pages.tsx';
import './usage-pages.tsx';
import './check-pages.tsx';
import './request-pages.tsx';
import './playground-pages.tsx';
import './sandbox-pages.tsx';
import './webhook-pages.tsx';
import './alert-pages.tsx';
import './billing-pages.tsx';
import './audit-pages.tsx';
import './member-pages.tsx';
import './settings-pages.tsx';
import './docs-pages.tsx';
import './docs-search-page.tsx';
import './docs-twins.ts';

import { AppError } from '../../core/errors.ts';
import { portal } from './portal-web.tsx';

portal.all('*', () => {
  throw new AppError('not_found');
});

export { portal };
