import { parser } from '@prometheus-io/lezer-promql'

/** What a query asks for. */
export interface Query {
  /** Places that are no PromQL. */
  readonly faults: readonly string[]
  readonly selectors: readonly Selector[]
  /** The labels by which it groups, or joins. */
  readonly grouping: readonly string[]
}

/** A metric, with the labels that its matchers name. */
export interface Selector {
  readonly metric: string
  readonly labels: readonly string[]
  /** The function over its range; undefined where it has none. */
  readonly over: string | undefined
}

/** Reads a query with the grammar that Prometheus' own page uses. */
export function readQuery(text: string): Query {
  const faults: string[] = []
  const selectors: { metric: string; labels: string[]; over: string | undefined }[] = []
  const grouping: string[] = []
  const functions: string[] = []
  const inside: string[] = []
  parser.parse(text).iterate({
    enter({ name, type, from, to }) {
      const words = text.slice(from, to)
      const parent = inside.at(-1)
      if (type.isError) faults.push(`at ${from}: ${JSON.stringify(words === '' ? text.slice(from) : words)}`)
      else if (name === 'FunctionIdentifier') functions.push(words)
      else if (name === 'VectorSelector') selectors.push({ metric: '', labels: [], over: inside.includes('MatrixSelector') ? functions.at(-1) : undefined })
      else if (name === 'Identifier' && parent === 'VectorSelector') selectors[selectors.length - 1] = { ...lastOf(selectors), metric: words }
      else if (name === 'LabelName') (inside.includes('LabelMatchers') ? lastOf(selectors).labels : grouping).push(words)
      inside.push(name)
    },
    leave() {
      inside.pop()
    },
  })
  return { faults, selectors, grouping }
}

function lastOf<T>(items: readonly T[]): T {
  const last = items.at(-1)
  if (last === undefined) throw new Error('there is none')
  return last
}
