// What is said of an app, by form and by JSON.

import * as z from 'zod';
import { apiVersion, ipRanges, keyName, lines, origins, scopeList, webAddress } from '../http/fields.ts';

export const newApp = z.object({
  name: keyName,
  description: lines(1000).nullish(),
  website: webAddress.nullish(),
  allowed_ips: ipRanges.optional(),
  allowed_origins: origins.optional(),
  scopes: scopeList.optional(),
  api_version: apiVersion,
});
