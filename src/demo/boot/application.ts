import { parseArgs } from 'node:util'

// The application of a pod, for the demo: run as a process of its own, never imported. It starts, by so much CPU time or
// so much time, says `ready`, and stays until it is ended, or until whoever started it is gone.

// So that it sees within a moment that it should end.
const sliceMs = 10

const { values } = parseArgs({ options: { 'cpu-seconds': { type: 'string' }, 'idle-seconds': { type: 'string' } } })
const cpuMs = Number(values['cpu-seconds'] ?? 0) * 1_000
const idleMs = Number(values['idle-seconds'] ?? 0) * 1_000

process.stdin.on('end', () => process.exit()).resume()
const { user, system } = process.cpuUsage()
const already = user + system
if (cpuMs > 0) burn()
else setTimeout(ready, idleMs)

/** What it burns is CPU time: among others that burn, too, it takes longer, as a real start does. */
function burn(): void {
  const end = performance.now() + sliceMs
  let sum = 0
  while (performance.now() < end) sum += Math.sqrt(sum + 1)
  const used = process.cpuUsage()
  if ((used.user + used.system - already) / 1_000 < cpuMs) setImmediate(burn)
  else ready()
}

function ready(): void {
  process.stdout.write('ready\n')
}
