/** One value of a scrape. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads the samples of some metrics from the text of a scrape; an API server tells tens of thousands. */
export function parseScrape(text: string, names: ReadonlySet<string>): readonly Sample[] {
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    const name = /^\w+/.exec(line)?.[0]
    if (name === undefined || !names.has(name)) continue
    const end = line.lastIndexOf(' ')
    samples.push({ name, labels: labelsOf(line.slice(name.length, end)), value: Number(line.slice(end + 1)) })
  }
  return samples
}

/** The sum of a metric over all samples that have these labels. */
export function sumOf(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels)
  return samples
    .filter((sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

/** What has been added to each counter since an earlier scrape, where that is anything; a server that was started anew has begun at 0. */
export function addedSince(before: readonly Sample[], now: readonly Sample[]): readonly Sample[] {
  const old = new Map(before.map((sample) => [keyOf(sample), sample.value]))
  return now
    .map((sample) => ({ ...sample, value: sample.value - (old.get(keyOf(sample)) ?? 0) }))
    .filter(({ value }) => value !== 0)
}

function keyOf({ name, labels }: Sample): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([left], [right]) => (left < right ? -1 : 1))])
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {}
  for (const [, label = '', value = ''] of text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[label] = value.replaceAll(/\\(.)/g, (_whole, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}
