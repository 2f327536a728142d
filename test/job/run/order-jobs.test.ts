import t from 'tap'
import type { Job } from '../../../src/job/job.ts'
import { orderJobs } from '../../../src/job/run/order-jobs.ts'

const job = (name: string, ...dependsOn: readonly string[]): Job => ({ name, dependsOn }) as unknown as Job
const names = (...jobs: readonly Job[]): readonly string[] => orderJobs(jobs).map(({ name }) => name)

t.test('what another job waits for is run before it, else they are run as they stand', async (t) => {
  t.strictSame(names(job('web', 'job/db:timeout=10m', 'service/other'), job('cron'), job('db')), ['db', 'web', 'cron'])
  t.strictSame(names(job('a'), job('b')), ['a', 'b'])
})

t.test('a circle is run as it stands: the gates tell of it', async (t) => {
  t.strictSame(names(job('a', 'job/b'), job('b', 'job/a')), ['b', 'a'])
})
