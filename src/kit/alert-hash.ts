import { createHash } from 'node:crypto';
import type { Alert } from '../domain/alert.ts';

/** An alert's identity where ids are short and of few signs: 32 hex digits, the same for all its revisions. */
export const alertHash = ({ dedupeKey }: Pick<Alert, 'dedupeKey'>): string =>
  createHash('sha256').update(dedupeKey).digest('hex').slice(0, 32);
