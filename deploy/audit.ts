import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isObject, objectsOf } from '../src/units/json.ts'

const root = fileURLToPath(new URL('../', import.meta.url))

/** What the registry knows against the packages that are part of usher. */
export type Audit =
  /** Each high or critical one, in a line. */
  | { readonly kind: 'answered'; readonly high: readonly string[] }
  /** It could not be asked, or does not know. */
  | { readonly kind: 'silent'; readonly why: string }

// npm would try for minutes.
const flags = ['--json', '--omit=dev', '--fetch-retries=0', '--fetch-timeout=20000']
const withinMs = 60_000
const maxReportBytes = 64 * 1_024 * 1_024

/** Asks the registry of npm's configuration, by the lock file. What is only there to build and to test does not count. */
export async function audit(): Promise<Audit> {
  // A test's own hooks for Node are none of npm's.
  const { NODE_OPTIONS: _hooks, ...env } = process.env
  try {
    const { stdout, stderr } = await promisify(execFile)('npm', ['audit', ...flags], { cwd: root, env, timeout: withinMs, maxBuffer: maxReportBytes })
    return readAudit(stdout, stderr)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const { code, killed, stdout, stderr } = error as Failure
    if (code === 'ENOENT') return { kind: 'silent', why: 'npm is not installed' }
    if (killed === true) return { kind: 'silent', why: `npm audit has not ended within ${withinMs / 1_000} s` }
    // It ends with 1 where it has found something, too.
    return readAudit(stdout ?? '', stderr)
  }
}

/** What `execFile` adds to its errors. */
interface Failure extends Error {
  readonly code?: unknown
  readonly killed?: boolean
  readonly stdout?: string
  readonly stderr?: string
}

/** Reads what `npm audit --json` has written. Only a whole report is one. */
export function readAudit(stdout: string, stderr = ''): Audit {
  const report = parse(stdout)
  const counts = isObject(report['metadata']) ? report['metadata']['vulnerabilities'] : undefined
  const { vulnerabilities } = report
  if (!isObject(vulnerabilities) || !isObject(counts) || typeof counts['high'] !== 'number' || typeof counts['critical'] !== 'number') {
    return { kind: 'silent', why: whyNot(report, stderr) }
  }
  const high = objectsOf(Object.values(vulnerabilities)).filter(({ severity }) => severity === 'high' || severity === 'critical')
  return { kind: 'answered', high: high.map(({ name, severity, via }) => `${text(name)}: ${text(severity)}${titlesOf(via)}`) }
}

/** What keeps a tree from being released, in a sentence each. @param isWaived whether somebody goes on without an answer. */
export function faultsOfAudit(found: Audit, isWaived: boolean): readonly string[] {
  if (found.kind === 'answered') return found.high.map((each) => `npm audit knows a vulnerability of ${each}`)
  return isWaived ? [] : [`npm audit has no answer, so that nothing is known of vulnerabilities (${found.why}); ask where the registry answers, or go on with --without-audit`]
}

function titlesOf(via: unknown): string {
  const titles = objectsOf(via).map(({ title, url }) => ` (${text(title)}, ${text(url)})`)
  return titles.join('')
}

function whyNot({ message, error }: Readonly<Record<string, unknown>>, stderr: string): string {
  const words = (isObject(error) ? text(error['summary']) || text(error['code']) : '') || text(message)
  return words || stderr.trim().split('\n').findLast((line) => line !== '' && !line.includes('complete log')) || 'it has written no report'
}

function parse(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
