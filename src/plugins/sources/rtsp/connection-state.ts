import type { Instant } from '../../../domain/instant.ts';
import type { CameraConnection, SourceStatus } from '../../spec/source.ts';

/** What the camera's status is made of. */
export interface ConnectionState {
  readonly state: 'starting' | 'online' | 'away' | 'stopped';
  readonly since: Instant;
  readonly reconnects: number;
  readonly lastError?: string;
}

export const startingConnection = (now: Instant): ConnectionState => ({ state: 'starting', since: now, reconnects: 0 });

export function cameOnline(connection: ConnectionState, now: Instant): ConnectionState {
  if (connection.state === 'online') return connection;
  const reconnects =
    connection.state === 'away' && connection.reconnects >= 0 ? connection.reconnects + 1 : connection.reconnects;
  return { ...connection, state: 'online', since: now, reconnects };
}

export function wentAway(connection: ConnectionState, now: Instant, error: string): ConnectionState {
  if (connection.state === 'away') return { ...connection, lastError: error };
  // A camera that was never there is away since we have been looking for it.
  const since = connection.state === 'starting' ? connection.since : now;
  return { ...connection, state: 'away', since, lastError: error };
}

export function statusOf(
  { state, since, reconnects, lastError }: ConnectionState,
  { isRecording, notes }: { readonly isRecording: boolean; readonly notes: readonly string[] },
): Omit<SourceStatus, 'problems'> {
  const error = lastError === undefined ? {} : { lastError };
  const connection: CameraConnection = { online: state === 'online', since, reconnects, notes, ...error };
  switch (state) {
    case 'starting':
      return { state: 'starting', connection };
    case 'online':
      return { state: isRecording ? 'recording' : 'watching', connection };
    case 'away':
      return {
        state: 'reconnecting',
        message: `away since ${since}${lastError === undefined ? '' : `: ${lastError}`}`,
        connection,
      };
    case 'stopped':
      return { state: 'stopped' };
  }
}
