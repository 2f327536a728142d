import t from 'tap'
import { audit } from '../../deploy/audit.ts'

t.test('the registry that npm asks here knows no high vulnerability of what is part of usher', async (t) => {
  const found = await audit()
  if (found.kind === 'silent') {
    t.comment(`it does not answer: ${found.why}`)
    t.pass('which a release would not take for a pass', { skip: 'the registry does not answer npm audit' })
    return
  }
  t.strictSame(found.high, [])
})
