-- What goes wrong, with the real byok-lsp ($BYOK_BINARY) and a scripted provider: no key, a provider that is down, a budget that is spent.
-- Each is told once, with what mends it; the state is in the status line; typing goes on.

local editor = require('editor')
local provider = require('loopback')

local BINARY = assert(vim.env.BYOK_BINARY, 'BYOK_BINARY must name the server')
local STATUS = 'vim.api.nvim_eval_statusline(vim.o.statusline, {}).str'
local ANSWER = { { text = { 'Reader', '::new(', 'path)', ';' }, usage = { prompt_tokens = 1000, completion_tokens = 10 } } }
-- A line is half typed that the embedded engine can continue, since it stands above.
local CART = {
  'fn first() {', '    let total = compute(left, right);', '}', '', 'fn second() {', '    let total = compute(left, right);', '}', '', 'fn third() {', '}',
}

--- Opens a file under the provider, with the cursor in its first line.
local function ready(nvim, url, lines, more, key)
  vim.fn.mkdir(nvim.work .. '/.git')
  nvim:lua([[vim.o.laststatus = 2; vim.o.statusline = "%f %{v:lua.require'byok'.statusline()}"; vim.lsp.log.set_level('trace')]])
  nvim:configure(([[
%s
[providers.mock]
wire = "openai-completions"
base_url = "%s"
key = %s
prices = { small = { input = "3 USD", output = "20 USD" }, large = { input = "30 USD", output = "90 USD" } }
]]):format(more or '', url, key or '{ env = "MOCK_KEY" }'))
  nvim:setup({ cmd = { BINARY, 'serve' }, settings = { completion = { model = 'mock/small', debounce_ms = 0 } } })
  nvim:open('lib.rs', lines or { 'fn open(path: &Path) -> Result<Reader> {', '}' })
  nvim:expect('attached()', true)
end

--- Begins a line, again and again, until ghost text is seen behind it: how many calls a line takes is for the pauses in typing to say.
local function suggests(nvim, line, begun, ghost)
  nvim:eventually(('"%s" is suggested'):format(ghost), function()
    nvim:keys(('<Esc>%dGo%s'):format(line, begun))
    for _ = 1, 60 do
      vim.wait(50)
      local seen = nvim:lua('return ghost()')
      if seen ~= '' then
        return seen
      end
    end
    return nvim:lua('return text()')
  end, function(seen) return seen:find(ghost, 1, true) ~= nil end)
end

--- Every file below the editor's folder that holds a text.
local function holding(nvim, needle)
  return vim.tbl_filter(function(path)
    local file = assert(io.open(path, 'rb'))
    local bytes = file:read('*a')
    file:close()
    return bytes:find(needle, 1, true) ~= nil
  end, vim.fs.find(function() return true end, { path = nvim.folder, type = 'file', limit = math.huge }))
end

return {
  { 'a key is typed into a terminal of the editor, used without a restart, and nowhere but in the key store', function(nvim)
    local url, requests = provider(nvim, ANSWER)
    nvim:lua([[vim.env.MOCK_KEY = nil; vim.env.BYOK_TEST_PASSPHRASE = 'open sesame'; vim.env.BYOK_LOG = 'byok_lsp=trace']])
    ready(nvim, url, nil, '[keys]\nstore = "file"\npassphrase = { env = "BYOK_TEST_PASSPHRASE" }', '"keyring"')
    nvim:keys('o    let reader = ')
    nvim:expect('#seen.notifications', 1)
    nvim:expect_text('seen.notifications[1].message', ':Byok fix - Store a key for mock')
    nvim:expect_text(STATUS, 'error')
    nvim:keys('<Esc>:Byok fix<CR>')
    nvim:expect('vim.bo.buftype', 'terminal')
    nvim:expect_text('text()', 'it is not shown')
    nvim:keys(editor.SECRET .. '<CR>')
    nvim:expect_text('seen.notifications[2] and seen.notifications[2].message', 'the key for mock is stored')
    nvim:expect_text('vim.api.nvim_buf_get_name(0)', 'lib.rs')
    suggests(nvim, 1, '    let reader = ', 'Reader::new(path);')
    local last = requests()
    assert(last[#last].authorization == 'Bearer ' .. editor.SECRET, vim.inspect(last))
    assert(#holding(nvim, 'textDocument/inlineCompletion') > 0, 'the traffic is kept')
    assert(vim.deep_equal(holding(nvim, editor.SECRET), {}), vim.inspect(holding(nvim, editor.SECRET)))
    assert(not nvim:lua([[return vim.fn.execute('messages') .. vim.inspect(vim.fn.getreg('"'))]]):find(editor.SECRET, 1, true))
  end },

  { 'a provider that is down is told once and is a state; back again, it is used again', function(nvim)
    local url, _, process = provider(nvim, ANSWER)
    process.down()
    ready(nvim, url)
    nvim:keys('o    let reader = ')
    nvim:expect('#seen.notifications', 1)
    nvim:expect_text('seen.notifications[1].message', ':Byok fix - Use the local engine')
    nvim:expect_text(STATUS, 'error')
    process.up()
    suggests(nvim, 1, '    let reader = ', 'Reader::new(path);')
    nvim:expect(STATUS .. [[:find('error') == nil]], true)
    nvim:expect('#seen.notifications', 1)
  end },

  { 'what is advised is done by :Byok fix: the embedded engine goes on where the provider is down', function(nvim)
    local url, _, process = provider(nvim, ANSWER)
    process.down()
    ready(nvim, url, CART)
    nvim:keys('8jo    let tot')
    nvim:expect_text(STATUS, 'error')
    nvim:keys('<Esc>:Byok fix<CR>')
    nvim:expect_text(STATUS, 'local/patterns')
    suggests(nvim, 9, '    let tot', 'al = compute(left, right);')
    nvim:expect(STATUS .. [[:find('error') == nil]], true)
  end },

  { 'a budget that is spent is told once; nothing more is sent, and the embedded engine goes on', function(nvim)
    local url, requests = provider(nvim, ANSWER)
    local cap = '[[budget.caps]]\nname = "today"\namount = "0.000001 USD"\nper = "day"\nat = "degrade"\ndegrade_to = "local"'
    ready(nvim, url, CART, cap)
    suggests(nvim, 9, '    let tot', 'al = compute(left, right);')
    nvim:expect('#seen.notifications', 1)
    nvim:expect_text('seen.notifications[1].message', 'local/patterns answers meanwhile: the cap "today"')
    nvim:expect_text(STATUS, 'local/patterns')
    nvim:expect_text(STATUS, 'of day')
    nvim:keys('<Esc>')
    nvim:expect_text([[vim.fn.execute('Byok status')]], '(degraded)')
    assert(#requests() == 0, vim.inspect(requests()))
  end },

  { 'a cap that refuses is told once, with the way out', function(nvim)
    local url, requests = provider(nvim, ANSWER)
    ready(nvim, url, nil, '[budget]\nday = "0.000001 USD"')
    nvim:keys('o    let reader = ')
    nvim:expect('#seen.notifications', 1)
    nvim:expect_text('seen.notifications[1].message', ':Byok fix - Use the local engine')
    nvim:expect_text(STATUS, 'error')
    nvim:keys('<Esc>')
    nvim:expect_text([[vim.fn.execute('Byok status')]], '(reached)')
    assert(#requests() == 0, vim.inspect(requests()))
  end },

  { 'another model is picked from the list, with its price, and asked without a restart', function(nvim)
    local url, requests = provider(nvim, ANSWER)
    ready(nvim, url)
    nvim:lua([[
      vim.ui.select = function(items, opts, choose)
        _G.offered = vim.tbl_map(opts.format_item, items)
        for number, line in ipairs(_G.offered) do
          if vim.startswith(line, 'mock/large') then return choose(items[number], number) end
        end
      end
    ]])
    -- The provider's own list comes behind; the picker is opened again for more.
    nvim:eventually('the list has the other model', function()
      nvim:lua([[vim.cmd('Byok model')]])
      vim.wait(200)
      return nvim:lua([[return table.concat(_G.offered or {}, '\n')]])
    end, function(lines) return lines:find('mock/large  (', 1, true) ~= nil end)
    nvim:expect_text([[table.concat(_G.offered, '\n')]], '$30.00 in, $90.00 out a million')
    nvim:expect_text(STATUS, 'mock/large')
    suggests(nvim, 1, '    let reader = ', 'Reader::new(path);')
    local last = requests()
    assert(last[#last].body.model == 'large', vim.inspect(last))
  end },

  { 'a word, a line, and the rest of it are accepted', function(nvim)
    local url = provider(nvim, ANSWER)
    ready(nvim, url)
    suggests(nvim, 1, '    let reader = ', 'Reader::new(path);')
    nvim:keys('<M-w>')
    nvim:expect_text('text()', 'let reader = Reader')
    nvim:expect_text('ghost()', '::new(path);')
    nvim:keys('<M-l>')
    nvim:expect_text('text()', 'let reader = Reader::new(path);')
    nvim:expect('ghost()', '')
  end },

  { 'the usage window says what was spent, and :checkhealth what answers', function(nvim)
    local url = provider(nvim, ANSWER)
    ready(nvim, url, nil, '[budget]\nday = "5 USD"')
    suggests(nvim, 1, '    let reader = ', 'Reader::new(path);')
    nvim:expect('#seen.usage > 0', true)
    nvim:keys('<Esc>:Byok usage<CR>')
    nvim:expect_text('text()', 'last     mock/small, ')
    nvim:expect_text('text()', ' of $5.00')
    assert(not nvim:lua('return text()'):find('session  $0.00 ', 1, true), nvim:lua('return text()'))
    nvim:keys('q')
    nvim:keys(':checkhealth byok<CR>')
    nvim:expect_text('text()', 'model mock/small, paid by you: through a server on this machine')
    assert(not nvim:lua('return text()'):find('ERROR', 1, true), nvim:lua('return text()'))
  end },
}
