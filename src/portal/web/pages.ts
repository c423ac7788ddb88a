// Gathers the portal's pages.

import './home-page.tsx';
import './preferences.ts';
import './outbox-page.tsx';
import './sign-up-page.tsx';
import './sign-in-page.tsx';
import './two-factor-page.tsx';
import './reset-page.tsx';
import './new-password-page.tsx';
import './verify-page.tsx';
import './prove-page.tsx';
import './second-factor-page.tsx';
import './identity-routes.tsx';
import './identity-confirm-page.tsx';
import './identity-link-page.tsx';
import './invitation-page.tsx';
import './welcome-page.tsx';
import './overview-page.tsx';
import './live-access-page.tsx';
import './app-list-page.tsx';
import './app-page.tsx';
import './key-list-page.tsx';
import './key-page.tsx';
import './key-actions.ts';
import './usage-page.tsx';
import './usage-csv.ts';
import './check-page.tsx';
import './request-list-page.tsx';
import './request-page.tsx';
import './playground-page.tsx';
import './sandbox-page.tsx';
import './sandbox-actions.ts';
import './webhook-events-page.tsx';
import './webhook-list-page.tsx';
import './webhook-page.tsx';
import './webhook-actions.ts';
import './delivery-page.tsx';
import './alert-page.tsx';
import './billing-page.tsx';
import './billing-review-page.tsx';
import './billing-actions.ts';
import './invoice-page.tsx';
import './audit-page.tsx';
import './member-page.tsx';
import './member-actions.ts';
import './settings-page.tsx';
import './address-page.tsx';
import './address-actions.ts';
import './deletion-actions.tsx';
import './factor-duty-actions.ts';
import './token-actions.tsx';
import './settings-actions.ts';
import './security-actions.tsx';
import './reference-page.tsx';
import './endpoint-page.tsx';
import './docs-search-page.tsx';
import './docs-twins.ts';
import './docs-page.tsx';

import { AppError } from '../../core/errors.ts';
import { portal } from './portal-web.tsx';

portal.all('*', () => {
  throw new AppError('not_found');
});

export { portal };
