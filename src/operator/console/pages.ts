// Gathers the operator console's pages.

import './today-page.tsx';
import './live-access-page.tsx';
import './search-page.tsx';
import './request-page.tsx';
import './partner-list-page.tsx';
import './partner-page.tsx';
import './partner-actions.ts';
import './partner-simulation-page.tsx';
import './provisioning-actions.ts';
import './key-list-page.tsx';
import './key-page.tsx';
import './block-page.tsx';
import './incident-page.tsx';
import './usage-page.tsx';
import './audit-page.tsx';
import './dead-letter-page.tsx';
import './check-page.tsx';
import './api-list-page.tsx';
import './api-page.tsx';
import './policy-page.tsx';
import './plan-page.tsx';
import './plan-simulation-page.tsx';
import './invoice-list-page.tsx';
import './invoice-page.tsx';
import './alert-page.tsx';
import { refuseUnmatched } from '../../web/unmatched.ts';
import { operatorConsole } from './console-web.tsx';

operatorConsole.all('/operator/*', (context) => refuseUnmatched(operatorConsole, context));

export { operatorConsole };
