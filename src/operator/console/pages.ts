// Gathers the operator console's pages.

import './partner-list-page.tsx';
import './partner-page.tsx';
import './partner-actions.ts';
import './key-pages.tsx';
import './block-pages.tsx';
import './system-pages.tsx';
import './plan-pages.tsx';
import './invoice-pages.tsx';
import './alert-pages.tsx';
import { AppError } from '../../core/errors.ts';
import { operatorConsole } from './console-web.tsx';

operatorConsole.all('/operator/*', () => {
  throw new AppError('not_found');
});

export { operatorConsole };
