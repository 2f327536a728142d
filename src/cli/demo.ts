import { fileURLToPath } from 'node:url'
import { type Outcome, playAdmissions } from '../demo/run.ts'
import { playPrograms } from '../demo/programs.ts'
import { showOutcome, showPrograms, showSummary } from '../demo/show.ts'
import { paintFor } from '../terminal/paint.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'

/** `usher demo` */
export const demoCommand: Command = {
  name: 'demo',
  summary: 'show what usher does to pods, on this machine, without a cluster',
  description:
    'Makes certificates, starts the webhook on a free port of the loopback, verifies its certificate as an API ' +
    'server would, sends it an AdmissionReview for each manifest in deploy/examples/, and shows what changed in ' +
    'the pod and why. Then builds the programs that run inside pods, usher-wait and nap, where there is a C compiler, ' +
    'and runs them. Leaves nothing behind but these (dist/native/host).',
  flags: { json: { type: 'boolean', help: 'print one JSON document instead' } },
  examples: ['usher demo', 'usher demo --json'],
  async run(values, { stdout }) {
    const paint = paintFor(stdout)
    const json = values.isOn('json')
    const launcher = fileURLToPath(new URL('launch.js', import.meta.url))
    if (!json) {
      stdout.write('An API server asks usher about the pods of a namespace with usher.dev/inject=enabled.\n\n')
    }
    const interrupted = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)))
    }
    stdout.on('error', (error) => interrupted.abort(error))
    const show = (outcome: Outcome): void => {
      if (!json) stdout.write(`${showOutcome(outcome, paint)}\n`)
    }
    const outcomes = await playAdmissions([process.execPath, launcher], show, interrupted.signal)
    if (!json) {
      stdout.write(`${showSummary(outcomes, paint)}\n`)
      stdout.write(`${outcomes.length} pods were reviewed over TLS; a second review of each changed nothing more.\n\n`)
    }
    const programs = await playPrograms(interrupted.signal)
    if (!json) {
      stdout.write(`${showPrograms(programs, paint)}\n`)
      return exitCodes.done
    }
    const examples = outcomes.map(({ example, patch, reasons, warnings, ms, before, after }) => {
      const { file, kind, name, namespace } = example
      return { file, kind, name, namespace, allowed: true, reasons, warnings, patch, before, after, ms }
    })
    stdout.write(`${JSON.stringify({ examples, programs }, undefined, 2)}\n`)
    return exitCodes.done
  },
}
