import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type AlertDeskInput,
  ASK_DESK_UPDATE,
  type DeskAnswer,
  type DeskMemory,
  type DeskRequest,
  END_TURN_SIGNAL,
  HEARING_SIGNAL,
  type Hearing,
  TAKE_TURN_UPDATE,
  type Turn,
  type TurnEnd,
  type TurnRequest,
} from '../src/domain/alert-desk.ts';
import { askDesk, EMPTY_BOOK, endTurn, noteHearing, takeTurn } from './desk-book.ts';
import { deskDetails } from './desk-details.ts';

const askUpdate = defineUpdate<DeskAnswer, [DeskRequest]>(ASK_DESK_UPDATE);
const takeTurnUpdate = defineUpdate<Turn, [TurnRequest]>(TAKE_TURN_UPDATE);
const endTurnSignal = defineSignal<[TurnEnd]>(END_TURN_SIGNAL);
const hearingSignal = defineSignal<[Hearing]>(HEARING_SIGNAL);

/** A run ends after so many; what is known goes on in the next. */
const EVENTS_IN_A_RUN = 500;
/** A desk that nobody asks for so long has nothing left to remember: longer than any cool-down. */
const IDLE_FOR_MS = 2 * 24 * 3_600_000;
/** A delivery is over within seconds, as a rule. */
const WAIT_FOR_TURN = '3s';
/** The server allows ten updates at a time; some have to be left for those that do not wait. */
const WAITING_AT_MOST = 6;

/**
 * Remembers which clips of a camera alerted: answers whether another one may, and under which key and revision clips of one
 * visit tell each channel. It delivers nothing itself, so that each clip still owes its own deliveries and shows how they went.
 */
export async function alertDesk({ cameraName, memory }: AlertDeskInput): Promise<void> {
  let book = memory ?? EMPTY_BOOK;
  let lastCallMs = Date.now();
  let waiting = 0;
  const remember = (next: DeskMemory): void => {
    book = next;
    setCurrentDetails(deskDetails(book));
  };
  remember(book);

  setHandler(askUpdate, (request) => {
    lastCallMs = Date.now();
    const [next, answer] = askDesk(book, request);
    remember(next);
    return answer;
  });
  const turnFor = (request: TurnRequest): Turn => {
    const [next, turn] = takeTurn(book, request, Date.now());
    remember(next);
    return turn;
  };
  setHandler(takeTurnUpdate, async (request) => {
    lastCallMs = Date.now();
    const turn = turnFor(request);
    if (turn.turn !== 'busy' || waiting >= WAITING_AT_MOST) return turn;
    waiting += 1;
    await condition(() => takeTurn(book, request, Date.now())[1].turn !== 'busy', WAIT_FOR_TURN);
    waiting -= 1;
    return turnFor(request);
  });
  setHandler(endTurnSignal, (end) => {
    remember(endTurn(book, end));
  });
  setHandler(hearingSignal, (hearing) => {
    remember(noteHearing(book, hearing));
  });

  const isFull = () => workflowInfo().historyLength > EVENTS_IN_A_RUN;
  for (let idleMs = 0; idleMs < IDLE_FOR_MS && !isFull(); idleMs = Date.now() - lastCallMs) {
    await condition(isFull, IDLE_FOR_MS - idleMs);
  }
  await condition(allHandlersFinished);
  if (isFull()) await continueAsNew<typeof alertDesk>({ cameraName, memory: book });
}
