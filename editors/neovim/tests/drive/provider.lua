-- The whole way with the real byok-lsp ($BYOK_BINARY) and a scripted provider on loopback: ghost text that costs something.

local editor = require('editor')
local provider = require('loopback')

local BINARY = assert(vim.env.BYOK_BINARY, 'BYOK_BINARY must name the server')
local STATUS = 'vim.api.nvim_eval_statusline(vim.o.statusline, {}).str'
-- 1000 tokens in at 3 USD and 10 out at 20 USD a million: 0.0032 USD.
local USAGE = { prompt_tokens = 1000, completion_tokens = 10 }
local NANOS = 3200000

--- Opens a file with the cursor where a suggestion is wanted.
local function ready(nvim, url, wire)
  vim.fn.mkdir(nvim.work .. '/.git')
  nvim:lua([[vim.o.laststatus = 2; vim.o.statusline = "%f %{v:lua.require'byok'.statusline()}"]])
  nvim:configure(([[
[providers.mock]
wire = "%s"
base_url = "%s"
key = { env = "MOCK_KEY" }
prices = { small = { input = "3 USD", output = "20 USD" } }
]]):format(wire, url))
  nvim:setup({
    cmd = { BINARY, 'serve' },
    settings = { completion = { model = 'mock/small', debounce_ms = 0 } },
  })
  nvim:open('lib.rs', { 'fn open(path: &Path) -> Result<Reader> {', '', '}' })
  nvim:expect('attached()', true)
  nvim:keys('jA')
end

--- The journey over one wire: typed, streamed, seen, accepted, paid.
local function journey(wire, path)
  return function(nvim)
    local url, requests = provider(nvim, { { text = { 'Reader', '::new(', 'path)', ';' }, chunk_ms = 20, split = 7, usage = USAGE } })
    ready(nvim, url, wire)
    nvim:keys('    let reader = ')
    nvim:expect('ghost()', 'Reader::new(path);')
    nvim:keys('<Tab>')
    nvim:expect_text('text()', '{\n    let reader = Reader::new(path);')
    nvim:expect('#seen.usage > 0', true)
    local usage = nvim:lua('return seen.usage[1]')
    assert(usage.provider == 'mock' and usage.model == 'small', vim.inspect(usage))
    assert(usage.cost.nanos > 0 and usage.cost.currency == 'USD', vim.inspect(usage))
    if usage.cost.source == 'priced' then
      assert(usage.tokens.input == 1000 and usage.tokens.output == 10 and usage.cost.nanos == NANOS, vim.inspect(usage))
    else
      -- A stream that was stopped because the suggestion was whole has reported nothing; its cost is an estimate and says so.
      assert(usage.cost.source == 'estimated', vim.inspect(usage))
    end
    nvim:expect_text(STATUS, 'lib.rs mock/small')
    nvim:eventually('the status line shows money', function() return nvim:lua('return ' .. STATUS) end, function(line)
      local amount = line:match('%$([%d.]+) today')
      return amount ~= nil and tonumber(amount) > 0
    end)
    local first = requests()[1]
    assert(first.path == path and first.body.stream == true and first.body.model == 'small', vim.inspect(first))
    assert(first.authorization == 'Bearer ' .. editor.SECRET)
    nvim:lua([[vim.cmd('Byok usage')]])
    nvim:expect_text('text()', 'mock/small')
    assert(not nvim:log():find(editor.SECRET, 1, true), 'the key stands in the log')
  end
end

return {
  { 'openai-completions: typed, seen, accepted, paid', journey('openai-completions', '/v1/completions') },
  { 'openai-chat: typed, seen, accepted, paid', journey('openai-chat', '/v1/chat/completions') },

  { 'a dismissed suggestion does not come back while it is typed along', function(nvim)
    local url, requests = provider(nvim, { { text = { 'Reader::new(path);' } } })
    ready(nvim, url, 'openai-completions')
    nvim:keys('    let reader = ')
    nvim:expect('ghost()', 'Reader::new(path);')
    nvim:keys('<C-]>')
    nvim:expect('ghost()', '')
    nvim:lua([[
      answered = 0
      vim.api.nvim_create_autocmd('LspRequest', { callback = function(event)
        local request = event.data.request
        if request.method == 'textDocument/inlineCompletion' and request.type == 'complete' then answered = answered + 1 end
      end })
    ]])
    for number, key in ipairs({ 'R', 'e', 'a' }) do
      nvim:keys(key)
      nvim:eventually('the key is answered', function() return nvim:lua('return answered') end, function(answered) return answered >= number end)
      nvim:expect('ghost()', '')
    end
    assert(#requests() == 1)
  end },

  { 'leaving insert mode closes the stream', function(nvim)
    local slow = {}
    for number = 1, 200 do
      slow[number] = (' + a%d'):format(number)
    end
    local url, requests = provider(nvim, { { text = slow, chunk_ms = 100 } })
    ready(nvim, url, 'openai-completions')
    nvim:keys('    let sum = 1')
    nvim:eventually('the provider is asked', requests, function(list) return #list > 0 end)
    nvim:keys('<Esc>')
    nvim:eventually('the stream is closed', requests, function(list) return list[1].outcome == 'disconnected' end)
  end },

  { 'a refused key is told once, with the fix, and typing goes on', function(nvim)
    local url, requests = provider(nvim, {}, 'another-key')
    ready(nvim, url, 'openai-completions')
    nvim:keys('    let reader = ')
    nvim:expect('#seen.notifications', 1)
    nvim:expect_text('seen.notifications[1].message', 'the key was refused; check')
    nvim:expect_text(STATUS, 'error')
    nvim:keys('x')
    nvim:expect_text('text()', 'let reader = x')
    nvim:eventually('the provider refuses again', requests, function(list) return #list > 1 and list[2].outcome == 'failed' end)
    nvim:expect_text(STATUS, 'error')
    nvim:expect('#seen.notifications', 1)
    assert(not nvim:lua('return seen.notifications[1].message'):find(editor.SECRET, 1, true))
  end },
}
