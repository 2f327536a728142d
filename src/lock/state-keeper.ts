import type { Clock } from '../units/clock.ts'
import type { Decision } from './queue/decisions.ts'
import { isIdentified, type KeptState, type Queue } from './queue/queue.ts'
import type { StateStore } from './state-file.ts'

// Changes of the queue's order, and of gates, are written so much later; grants and releases at once.
const saveAfterMs = 100

/** What is kept, without gates that are there no more: nobody would open them. */
export function ofGates(kept: KeptState | undefined, names: readonly string[]): KeptState | undefined {
  const isThere = ({ name }: { readonly name: string }): boolean => names.includes(name)
  return kept === undefined ? undefined : { ...kept, gates: kept.gates.filter(isThere), opened: kept.opened.filter(isThere) }
}

/** Writes the state of a queue when it has to be written. */
export class StateKeeper {
  readonly #queue: Pick<Queue, 'kept'>
  readonly #store: StateStore
  readonly #clock: Clock
  #cancel: (() => void) | undefined
  #isClosed = false

  constructor(queue: Pick<Queue, 'kept'>, store: StateStore, clock: Clock) {
    this.#queue = queue
    this.#store = store
    this.#clock = clock
  }

  /** What a client is told must be known after a restart: to be called before anybody is answered. */
  keep(decisions: readonly Decision[]): void {
    if (decisions.some(mustBeKept)) this.#save()
    else if (decisions.some(mayBeLate)) this.keepSoon()
  }

  /** Something has changed that was no decision. */
  keepSoon(): void {
    if (!this.#isClosed) this.#cancel ??= this.#clock.after(saveAfterMs, () => this.#save())
  }

  /** Writes it once more, and then never again. */
  close(): void {
    this.#isClosed = true
    this.#save()
  }

  #save(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#store.save(this.#queue.kept())
  }
}

/** Whether a decision must not be forgotten. Anonymous leases are short, and the older services forgot them as well. */
function mustBeKept(decision: Decision): boolean {
  const { kind } = decision
  return (kind === 'released' || (kind === 'granted' && !decision.again)) && isIdentified(decision.key)
}

function mayBeLate(decision: Decision): boolean {
  const { kind } = decision
  if (kind === 'gate') return true
  if (kind === 'placed') return decision.isNew && isIdentified(decision.key)
  if (kind === 'dropped') return isIdentified(decision.key)
  return kind === 'released' || (kind === 'granted' && !decision.again)
}
