import type { Finding } from '../plugins/spec/finding.ts';

export const good = (what: string, message: string): Finding => ({ what, state: 'good', message });
export const attention = (what: string, message: string, fix: string): Finding => ({ what, state: 'attention', message, fix });
export const bad = (what: string, message: string, fix: string): Finding => ({ what, state: 'bad', message, fix });

/** For one whose job goes on without it. */
export const noWorseThanAttention = (finding: Finding): Finding =>
  finding.state === 'bad' ? { ...finding, state: 'attention' } : finding;
