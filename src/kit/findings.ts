import type { Finding } from '../plugins/spec/finding.ts';

export const good = (what: string, message: string): Finding => ({ what, state: 'good', message });
export const attention = (what: string, message: string, fix: string): Finding => ({ what, state: 'attention', message, fix });
export const bad = (what: string, message: string, fix: string): Finding => ({ what, state: 'bad', message, fix });
