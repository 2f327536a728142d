import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import type { Logger } from 'pino'
import { collectDefaultMetrics, Registry } from 'prom-client'
import manifest from '../../package.json' with { type: 'json' }
import { closeWithin } from '../http/close.ts'
import { buildLock } from '../lock/app.ts'
import { Askers } from '../lock/askers.ts'
import { systemClock } from '../lock/clock.ts'
import { followPods } from '../lock/follow-pods.ts'
import type { DependencyGate } from '../lock/depends-on/dependency-gate.ts'
import { gateNames, watchChecks } from '../lock/gates/watch-checks.ts'
import { daemonSetsGateName } from '../lock/gates/watch-daemon-sets.ts'
import { pressureGateName, watchPressure } from '../lock/gates/watch-pressure.ts'
import { type LearningStarts, learnStarts } from '../lock/learn-starts.ts'
import { Observations } from '../lock/learning/observations.ts'
import { StartCosts } from '../lock/learning/start-costs.ts'
import { buildLockMetrics, type LockMetrics } from '../lock/metrics.ts'
import type { LoadReading } from '../lock/node-load/load-between.ts'
import { watchLoad } from '../lock/node-load/watch-load.ts'
import { LockService } from '../lock/service.ts'
import { noStore, openStateFile, type StateStore } from '../lock/state-file.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { listenAnywhere } from './listen.ts'
import { openDaemonSetGate } from './lock-daemon-sets.ts'
import { openLockEvents } from './lock-events.ts'
import { openLockGate } from './lock-gate.ts'
import { type LockCommandOptions, lockFlags, readLockOptions } from './lock-options.ts'
import { openLockPods } from './lock-pods.ts'
import { openLockTokens } from './lock-tokens.ts'
import { buildLog } from './log.ts'
import { portOf, serveUntilEnded } from './serve-until-ended.ts'

/** `usher lock` */
export const lockCommand: Command = {
  name: 'lock',
  summary: 'serve the startup lock of a node',
  description:
    'Grants permits to start, one after the other: 200 "Lock acquired" or 423 "Locked", at any path and method. Clients ' +
    'that name a pod uid wait in a queue; others are served as pod-startup-lock served them, whose flags and PSL_* ' +
    'variables are taken. Who starts and who waits is shown at /status. The log is JSON. The protocol: docs/lock.md.',
  flags: lockFlags,
  examples: ['usher lock', 'usher lock --locks 2 --strict', 'usher lock --check http://localhost:9999 --check tcp://localhost:5432'],
  async run(values) {
    await serve(readLockOptions(values, process.env))
    return exitCodes.done
  },
}

// For so long after a boot a status may be of before it, though a lock of this boot has been here already.
const settledAfterSeconds = 60
// The lock's clients come back; there is no reason to wait for them.
const closeWithinMs = 3_000

async function serve(options: LockCommandOptions): Promise<void> {
  const { log, flush } = buildLog(options.level)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics = buildLockMetrics(registry)
  const gates = gatesOf(options)
  const store = openStore(options, metrics, log)
  const kept = store.load(systemClock.now())
  const isSameBoot = kept !== undefined && uptime() > settledAfterSeconds
  const { pods, start } = await openLockPods(options.cluster, isSameBoot, log)
  const tellPods = await openLockEvents({ cluster: options.cluster, isOn: options.events, metrics, log })
  const { tokens, stop: stopTokens } = await openLockTokens(options.cluster, options.tokenAudience, metrics, log)
  const makeGate = await openLockGate({ cluster: options.dependsOn ? options.cluster : undefined, kept: kept?.gated ?? [], metrics, log })
  const watchDaemonSets = await openDaemonSetGate(options.daemonSets, options.cluster, isSameBoot, registry, log)
  // Which pods are alike the watch of them says, and an idle core is what it is for.
  const costs = options.learn && options.cluster !== undefined && !options.settings.strict ? new StartCosts() : undefined
  let isListening = false
  let gate: DependencyGate | undefined
  const service = new LockService({
    settings: options.settings,
    gates,
    clock: systemClock,
    pods,
    // Before that, the state may be another process's that listens already.
    store: { load: () => kept, save: (state) => (isListening ? store.save({ ...state, gated: gate?.kept() ?? [] }) : undefined) },
    metrics,
    log,
    costs,
  })
  gate = makeGate?.(service)
  const learning = costs && learnStarts({ service, pods, costs, observations: new Observations() })
  const askers = new Askers({ service: gate ?? service, pods, clock: systemClock, unknown: options.unknown, tokens })
  const app = buildLock({ service, askers, gate, metrics, registry, readers: options.readers, log, version: manifest.version })
  const stops = [
    watchGates(options, service),
    watchNode(options, service, learning, log),
    watchDaemonSets(service),
    followPods(service, pods),
    tellPods(service, gate),
    () => learning?.stop(),
    start(service),
    stopTokens,
  ]

  async function close(): Promise<void> {
    for (const stop of stops) stop()
    await closeWithin(app, closeWithinMs)
  }

  const { permits, strict } = options.settings
  await serveUntilEnded({
    log,
    flush,
    async listen() {
      await listenAnywhere(app, options, 'another lock')
      isListening = true
    },
    close,
    closeWithinMs: 3 * closeWithinMs,
    where: () => ({ port: portOf(app), permits, strict, gates }),
  })
}

/** The names of all gates that there are. */
function gatesOf({ checks, pressure, daemonSets }: LockCommandOptions): readonly string[] {
  return [...gateNames(checks), ...(pressure === undefined ? [] : [pressureGateName]), ...(daemonSets === undefined ? [] : [daemonSetsGateName])]
}

function openStore({ stateFolder, port }: LockCommandOptions, metrics: LockMetrics, log: Logger): StateStore {
  if (stateFolder === undefined) return noStore
  return openStateFile({ folder: stateFolder, name: `lock-${port}.json`, boot: bootId(), log, failed: () => metrics.saveFailed() })
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

function watchGates({ checks, failPauseMs, passPauseMs, checkTimeoutMs }: LockCommandOptions, service: LockService): () => void {
  const pace = { failPauseMs, passPauseMs, timeoutMs: checkTimeoutMs, clock: systemClock }
  return watchChecks(checks, pace, (name, open, reason) => service.setGate(name, open, reason))
}

function watchNode({ pressure: bounds }: LockCommandOptions, service: LockService, learning: LearningStarts | undefined, log: Logger): () => void {
  const pressure = bounds && watchPressure({ bounds, service, clock: systemClock, log })
  const feed = (reading: LoadReading): void => service.feed({ kind: 'load', ...reading })
  const stop = watchLoad(
    { clock: systemClock },
    (reading) => {
      // Before the queue, which may grant by it: that makes a turn.
      pressure?.read(reading)
      if (learning === undefined) feed(reading)
      else learning.read(reading)
    },
    (reason) => log.warn({ reason }, 'the load of the node cannot be read: no further grants for idle cores'),
  )
  return () => {
    stop()
    pressure?.stop()
  }
}
