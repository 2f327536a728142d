import type { Logger } from 'pino'
import type { Clock } from '../../units/clock.ts'
import type { LoadReading } from '../node-load/load-between.ts'
import type { ReleaseCause } from '../queue/decisions.ts'
import type { LockService } from '../service.ts'
import { type PressureBounds, type PressureEvent, PressureGate, type Verdict } from './pressure-gate.ts'

/** The gate's name, among those of the checks. */
export const pressureGateName = 'cpu-pressure'

const secondMs = 1_000

/** Turns that end so say nothing of whether their pods are up. */
const mayStillStart: ReadonlySet<ReleaseCause> = new Set(['blind-hold', 'lease-end', 'crash-loop'])

/** What a gate of CPU pressure is made of. */
export interface PressureWatch {
  readonly bounds: PressureBounds
  readonly service: LockService
  readonly clock: Clock
  readonly log: Logger
}

/** Takes the node's readings, and ends. */
export interface WatchedPressure {
  read(reading: Pick<LoadReading, 'pressure' | 'windowMs'>): void
  stop(): void
}

/** Opens and closes the service's gate of CPU pressure, by the readings that it is given and the turns of the service. */
export function watchPressure({ bounds, service, clock, log }: PressureWatch): WatchedPressure {
  const gate = new PressureGate(bounds, isHeld(service))
  let told: Verdict | undefined
  let toldAt = -Infinity
  let isWithoutPsi = false

  function hear(event: PressureEvent): void {
    tell(gate.apply(event, clock.now()))
  }

  function tell(verdict: Verdict): void {
    const isNew = verdict.open !== told?.open
    // Numbers change with each reading: once a second is enough for people.
    if (!isNew && (verdict.reason === told?.reason || clock.now() - toldAt < secondMs)) return
    told = verdict
    toldAt = clock.now()
    service.setGate(pressureGateName, verdict.open, verdict.reason)
  }

  const unfollow = service.follow((decision) => {
    if (decision.kind !== 'granted' && decision.kind !== 'released') return
    const isUp = decision.kind === 'granted' || !mayStillStart.has(decision.cause)
    gate.apply({ kind: 'turns', held: isHeld(service), isUp }, clock.now())
  })
  let endPause = clock.after(secondMs, second)
  function second(): void {
    endPause = clock.after(secondMs, second)
    hear({ kind: 'second' })
  }
  tell(gate.verdict(clock.now()))
  return {
    read({ pressure, windowMs }) {
      if (pressure === undefined && !isWithoutPsi) {
        isWithoutPsi = true
        log.warn({ gate: pressureGateName }, 'the kernel does not tell CPU pressure (PSI): its gate stays open')
      }
      hear({ kind: 'reading', pressure, windowMs })
    },
    stop() {
      unfollow()
      endPause()
    },
  }
}

function isHeld({ queue }: LockService): boolean {
  return !queue.leases()[Symbol.iterator]().next().done
}
