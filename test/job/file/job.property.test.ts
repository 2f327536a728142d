import * as fc from 'fast-check'
import t from 'tap'
import { printJob } from '../../../src/job/file/print-job.ts'
import { formatFileProblem } from '../../../src/job/file/report.ts'
import { isSame } from '../../../src/units/json.ts'
import { arbitraryJob } from '../../support/arbitrary-job.ts'
import { read } from '../../support/job-file.ts'
import { runs } from '../../support/property.ts'

t.test('a job that is printed and read again is the same job', async (t) => {
  fc.assert(fc.property(arbitraryJob, (job) => {
    const text = printJob(job)
    const reading = read(text)
    if ('problems' in reading) throw new Error(`${reading.problems.map(formatFileProblem).join('\n')}\n${text}`)
    if (!isSame(reading.jobs, [job])) throw new Error(`${JSON.stringify(reading.jobs)}\n${JSON.stringify([job])}\n${text}`)
  }), { numRuns: runs })
  t.pass()
})

t.test('whatever a file holds, reading it ends in jobs or in problems, each with its place', async (t) => {
  const words = fc.constantFrom(...'name numInstances containers services app db image ports healthcheck type http volumes secrets configs depends_on deploy resources limits environment env_file command test expose <<'.split(' '))
  const scalar = fc.oneof(words, fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('80:3000', '${A}', '${', '$', 'a:b:c', '/x', './x:/y', '1G', 'job/x', '-', '"', '10s'))
  const value = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 5 }, scalar, fc.array(tie('node'), { maxLength: 3 }), fc.dictionary(fc.oneof(words, fc.string()), tie('node'), { maxKeys: 5 })),
  })).node
  const junk = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), value.map((each) => JSON.stringify(each)), fc.array(fc.oneof(words, fc.constantFrom(': ', '\n', '  ', '- ', '[', ']', '{', '}', '&a ', '*a', '!x ', '|', '>', '"', "'", '#', '---\n', '\t', '? ')), { maxLength: 40 }).map((parts) => parts.join('')))
  fc.assert(fc.property(junk, (text) => {
    const reading = read(text)
    const problems = 'problems' in reading ? reading.problems : []
    if ('problems' in reading && problems.length === 0) throw new Error('neither')
    for (const { line, column, message } of problems) if (line < 1 || column < 1 || message === '' || message.includes('\n')) throw new Error(`${line}:${column}: ${message}`)
  }), { numRuns: runs * 3 })
  t.pass()
})
