import t from 'tap'
import { type LogLine, logLines } from '../../../src/job/instances/log-lines.ts'
import { containerNames, readLogPod } from '../../../src/job/instances/log-pod.ts'
import { mergeLines } from '../../../src/job/instances/merge-lines.ts'
import { containerStatus, instancePods, states } from '../../support/instance-pod.ts'

async function* chunksOf(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === 'string' ? Buffer.from(text) : text
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<readonly LogLine[]> {
  return (await Array.fromAsync(logLines(chunks))).flat()
}

t.test('a log is split into lines, however its bytes come', async (t) => {
  const bytes = Buffer.from('2026-11-26T08:00:00.000000001Z größe\n2026-11-26T09:00:00.5+01:00 b\r\n2026-11-26T08:00:01Z \n2026-11-26T08:00:02Z')
  const whole = await all(chunksOf(bytes))
  t.strictSame(whole.map(({ text }) => text), ['größe', 'b', '', ''])
  t.strictSame(whole.map(({ time }) => (time ?? 0n) - 1_795_680_000_000_000_000n), [1n, 500_000_000n, 1_000_000_000n, 2_000_000_000n], 'in whatever time zone the node is')
  t.equal(whole[0]?.timeText, '2026-11-26T08:00:00.000000001Z')
  for (let at = 1; at < bytes.length; at++) t.strictSame(await all(chunksOf(bytes.subarray(0, at), bytes.subarray(at))), whole, `cut at ${at}`)
})

t.test('what has no time is a line all the same, and one without end is given in pieces', async (t) => {
  t.strictSame(await all(chunksOf('unable to retrieve container logs\nx y')), [
    { time: undefined, timeText: '', text: 'unable to retrieve container logs' },
    { time: undefined, timeText: '', text: 'x y' },
  ])
  const long = await all(chunksOf('a'.repeat(1_000_000), 'b'.repeat(1_000_000), 'c\n'))
  t.strictSame(long.map(({ text }) => text.length), [2_000_000, 1])
  t.strictSame(await all(chunksOf()), [])
})

t.test('logs are put into one by their times, and no more is read of each than is needed', async (t) => {
  const read: string[] = []
  async function* stream(name: string, ...batches: readonly (readonly number[])[]): AsyncGenerator<readonly LogLine[]> {
    for (const batch of batches) {
      read.push(name)
      yield batch.map((time) => ({ time: BigInt(time), timeText: String(time), text: `${name}${time}` }))
    }
  }
  const merged = mergeLines([
    { of: 'a', lines: stream('a', [1, 5], [], [9]) },
    { of: 'b', lines: stream('b', [2, 3], [7]) },
    { of: 'c', lines: stream('c') },
  ])
  const texts: string[] = []
  for (let left = 3; left > 0; left--) texts.push((await merged.next()).value?.line.text ?? '')
  t.strictSame(texts, ['a1', 'b2', 'b3'])
  t.strictSame(read, ['a', 'b'], 'the second batch of a is not needed yet')
  for await (const { of, line } of merged) texts.push(`${of}:${line.text}`)
  t.strictSame(texts, ['a1', 'b2', 'b3', 'a:a5', 'b:b7', 'a:a9'])
})

t.test('a line without a time stays behind the one before it', async (t) => {
  async function* of(...lines: readonly (readonly [number | undefined, string])[]): AsyncGenerator<readonly LogLine[]> {
    yield lines.map(([time, text]) => ({ time: time === undefined ? undefined : BigInt(time), timeText: '', text }))
  }
  const merged = await Array.fromAsync(mergeLines([{ of: 1, lines: of([5, 'five'], [undefined, 'more']) }, { of: 2, lines: of([4, 'four'], [6, 'six']) }]))
  t.strictSame(merged.map(({ line }) => line.text), ['four', 'five', 'more', 'six'])
})

t.test('the containers of a pod whose logs are wanted', async (t) => {
  const spec = { initContainers: [{ name: 'usher-lock' }, { name: 'proxy', restartPolicy: 'Always' }], containers: [{ name: 'web' }] }
  const status = { phase: 'Running', initContainerStatuses: [containerStatus('usher-lock', { state: states.ended(0, 2, 10) }), containerStatus('proxy', { containerID: '', state: states.waiting('CrashLoopBackOff'), lastState: states.ended(1, 3, 4, { containerID: 'containerd://proxy-1' }) })] }
  const pod = instancePods.ready({ spec, status, lock: undefined })
  t.strictSame(readLogPod(pod, undefined).containers, [
    { name: 'proxy', id: 'containerd://proxy-1', isRunning: false },
    { name: 'web', id: 'containerd://web', isRunning: true },
  ])
  t.strictSame(readLogPod(pod, 'usher-lock').containers, [{ name: 'usher-lock', id: 'containerd://usher-lock', isRunning: false }])
  t.strictSame(readLogPod(pod, 'other').containers, [])
  t.strictSame(containerNames(pod), ['usher-lock', 'proxy', 'web'])
  t.match(readLogPod({}, undefined), { name: '', containers: [] })
})
