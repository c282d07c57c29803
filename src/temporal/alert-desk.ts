import { type Client, WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import {
  ALERT_DESK,
  type AlertDesk,
  type AlertDeskInput,
  ASK_DESK_UPDATE,
  alertDeskIdOf,
  type DeskAnswer,
  type DeskRequest,
  END_TURN_SIGNAL,
  TAKE_TURN_UPDATE,
  type Turn,
  type TurnEnd,
  type TurnRequest,
} from '../domain/alert-desk.ts';
import { PIPELINE_QUEUE } from '../domain/process-clip.ts';

/** Longest that an alert waits for the answer of its desk. */
const ASK_TIMEOUT_MS = 2_500;
/** The desk itself has a clip wait for its turn for up to 3 s. */
const TURN_TIMEOUT_MS = 5_000;

/** The desks of all cameras, each a workflow that begins with the first clip that needs it. */
export function createAlertDesk(client: () => Promise<Client | undefined>): AlertDesk {
  async function within<T>(timeoutMs: number, call: (client: Client) => Promise<T>): Promise<T> {
    const found = await client();
    if (found === undefined) throw new Error('nobody knows yet where Temporal is');
    return found.withDeadline(Date.now() + timeoutMs, () => call(found));
  }

  return {
    ask: (request) =>
      within(ASK_TIMEOUT_MS, ({ workflow }) =>
        workflow.executeUpdateWithStart<Workflow, DeskAnswer, [DeskRequest]>(ASK_DESK_UPDATE, {
          args: [request],
          startWorkflowOperation: beginning(request.cameraName),
        }),
      ),
    takeTurn: (request) =>
      within(TURN_TIMEOUT_MS, ({ workflow }) =>
        workflow
          .getHandle(alertDeskIdOf(request.cameraName))
          .executeUpdate<Turn, [TurnRequest]>(TAKE_TURN_UPDATE, { args: [request] }),
      ),
    endTurn: (end) =>
      within(ASK_TIMEOUT_MS, ({ workflow }) =>
        workflow.getHandle(alertDeskIdOf(end.cameraName)).signal<[TurnEnd]>(END_TURN_SIGNAL, end),
      ),
  };
}

function beginning(cameraName: string) {
  const input: AlertDeskInput = { cameraName };
  return new WithStartWorkflowOperation(ALERT_DESK, {
    taskQueue: PIPELINE_QUEUE,
    workflowId: alertDeskIdOf(cameraName),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    args: [input],
    staticSummary: `${cameraName} · what alerts were told`,
  });
}
