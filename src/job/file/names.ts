import { createHash } from 'node:crypto'
import type { FileNode } from './file-node.ts'
import { quote } from './file-node.ts'
import { readText } from './scalars.ts'
import type { Scope } from './scope.ts'

// The Service of the instances is called `<job>-pods`, and a DNS label has 63 characters.
const longestJob = 58
const longestLabel = 63

/** The name of a job: a DNS label that begins with a letter, as names of Services must. */
export function readJobName(scope: Scope, node: FileNode): string | undefined {
  const text = readText(scope, node, 'name')
  const isFit = text !== undefined && checkLabel(scope, node.at, text, 'name', longestJob)
  if (isFit && !/^[a-z]/.test(text)) scope.report.problem(node.at, `name: ${quote(text)} must begin with a letter, as the name of a Service`)
  if (isFit && text.endsWith('-pods')) scope.report.problem(node.at, `name: ${quote(text)} is the name of the Service of the instances of ${text.slice(0, -'-pods'.length)}: choose another`)
  return isFit ? text : undefined
}

/** Reports a name that is no DNS label, and whether it is one. @param what names it in messages. */
export function checkLabel({ report }: Scope, at: number, name: string, what: string, longest = longestLabel): boolean {
  if (name.length <= longest && label.test(name)) return true
  const fit = slug(name, longest)
  const hint = fit === '' ? '' : `; did you mean ${fit}?`
  report.problem(at, `${what}: ${quote(name)} is no DNS label: at most ${longest} of a-z, 0-9 and -, with - neither first nor last${hint}`)
  return false
}

const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/

/** What Kubernetes allows as the name of a Secret, a ConfigMap or a class of storage. */
export const subdomain = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

/** What Kubernetes allows as a key of a Secret or ConfigMap. */
export const dataKey = /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/

/** The nearest DNS label of a text; empty where there is none. One that is too long ends in a hash of the whole. */
export function slug(text: string, longest = longestLabel): string {
  if (text.length <= longest && label.test(text)) return text
  const plain = text.slice(0, 1_024).toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
  if (plain.length <= longest) return plain
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
  return `${plain.slice(0, longest - 9).replace(/-$/, '')}-${hash}`
}
