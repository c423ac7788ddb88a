// `#brand` where no other is named: brand.json, and the documents that it names (a test compares).

import payments from '../catalog/payments.openapi.json' with { type: 'json' };
import transit from '../catalog/transit.openapi.json' with { type: 'json' };
import file from './brand.json' with { type: 'json' };
import type { BrandFile } from './brand-schema.ts';

// Of JSON, TypeScript knows no literals: a test reads the file by its schema.
export const brand = file as BrandFile;
export const documents: readonly unknown[] = [transit, payments];
