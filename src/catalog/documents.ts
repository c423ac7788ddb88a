// The offered APIs. Adding one means adding its OpenAPI document to this list, and nothing else.

import payments from './payments.openapi.json' with { type: 'json' };
import transit from './transit.openapi.json' with { type: 'json' };

export const DOCUMENTS: readonly unknown[] = [transit, payments];
