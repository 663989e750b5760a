--- A real Neovim in a process of its own, driven over its API as a user drives it with keys.

local M = {}
M.__index = M

M.HERE = vim.fs.dirname(vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2))))
--- The value of MOCK_KEY in the editor's environment, which must turn up nowhere.
M.SECRET = 'sk-test-0123456789abcdef'
-- How long anything may take on a busy machine. It is no measure of ours: everything is waited for.
local DEADLINE_MS = 120000

--- Starts an editor in an empty folder.
function M.start()
  local folder = vim.fn.tempname()
  for _, name in ipairs({ 'work', 'config', 'state', 'data', 'cache' }) do
    vim.fn.mkdir(vim.fs.joinpath(folder, name), 'p')
  end
  local self = setmetatable({ folder = folder, work = folder .. '/work' }, M)
  self.channel = vim.fn.jobstart({
    vim.v.progpath, '--clean', '-n', '-i', 'NONE', '-u', M.HERE .. '/support/init.lua', '--headless', '--embed',
  }, {
    rpc = true,
    cwd = self.work,
    -- Nothing of the machine's own settings or keys may change what the tests see.
    clear_env = true,
    env = {
      PATH = vim.env.PATH,
      LANG = 'C.UTF-8',
      HOME = folder,
      MOCK_KEY = M.SECRET,
      XDG_CONFIG_HOME = folder .. '/config',
      XDG_STATE_HOME = folder .. '/state',
      XDG_DATA_HOME = folder .. '/data',
      XDG_CACHE_HOME = folder .. '/cache',
    },
  })
  assert(self.channel > 0, 'Neovim did not start')
  return self
end

function M:stop()
  pcall(vim.rpcnotify, self.channel, 'nvim_command', 'qall!')
  if vim.fn.jobwait({ self.channel }, DEADLINE_MS)[1] == -1 then
    vim.fn.jobstop(self.channel)
    error('Neovim did not quit')
  end
  vim.fn.delete(self.folder, 'rf')
end

--- Writes the user's own file of the server, which alone may name a variable with a key.
function M:configure(toml)
  vim.fn.mkdir(self.folder .. '/config/byok-lsp', 'p')
  vim.fn.writefile(vim.split(toml, '\n'), self.folder .. '/config/byok-lsp/config.toml')
end

--- The last lines of the language client's log.
function M:log()
  local file = io.open(self.folder .. '/state/nvim/lsp.log')
  local text = file and file:read('*a') or ''
  return text:sub(-3000)
end

--- Runs Lua code in the editor.
function M:lua(code, ...)
  return vim.rpcrequest(self.channel, 'nvim_exec_lua', code, { ... })
end

--- Types keys.
function M:keys(keys)
  vim.rpcrequest(self.channel, 'nvim_input', keys)
end

--- Calls a function until its answer passes, and returns that answer.
function M:eventually(what, ask, passes)
  local start, answer = vim.uv.now(), nil
  repeat
    answer = ask()
    if passes(answer) then
      return answer
    end
    vim.wait(10)
    vim.uv.update_time()
  until vim.uv.now() - start > DEADLINE_MS
  error(('%s: still %s'):format(what, vim.inspect(answer)), 3)
end

--- Waits until a Lua expression has a value.
function M:expect(expression, wanted)
  return self:eventually(expression .. ' = ' .. vim.inspect(wanted), function()
    return self:lua('return ' .. expression)
  end, function(value) return vim.deep_equal(value, wanted) end)
end

--- Waits until a Lua expression's text contains another text.
function M:expect_text(expression, part)
  return self:eventually(expression .. ' contains ' .. part, function()
    return self:lua('return ' .. expression)
  end, function(value) return type(value) == 'string' and value:find(part, 1, true) ~= nil end)
end

--- Writes a file and opens it.
function M:open(name, lines)
  vim.fn.writefile(lines, self.work .. '/' .. name)
  self:lua('vim.cmd.edit(...)', name)
end

--- Calls `setup()` with the scripted server in place of byok-lsp.
function M:setup(opts)
  self:lua(
    'require("byok").setup(vim.tbl_extend("keep", ..., { cmd = { select(2, ...) } }))',
    opts or vim.empty_dict(),
    M.HERE .. '/support/scripted_lsp.py'
  )
end

--- Opens a C file under the scripted server, which suggests the lines given.
function M:ready(suggestions, lines)
  self:setup()
  self:open('add.c', lines or { 'int add(int a, int b) {', '', '}' })
  self:expect('attached()', true)
  self:tell('test/script', { suggestions = suggestions or {} })
  self:keys('jA')
end

--- Sends the server a notification.
function M:tell(method, params)
  self:lua('vim.lsp.get_clients({ name = "byok" })[1]:notify(...)', method, params)
end

--- Has the server notify the editor.
function M:say(method, params)
  self:tell('test/say', { method = method, params = params })
end

--- Everything that the server has received of one method: the list of its parameters.
function M:heard(method)
  local heard = self:lua([[
    local reply = vim.lsp.get_clients({ name = "byok" })[1]:request_sync("test/heard", vim.empty_dict(), 5000)
    return reply.result
  ]])
  return vim.iter(heard):filter(function(message) return message.method == method end):map(function(message)
    return message.params
  end):totable()
end

function M:expect_heard(method, count)
  return self:eventually(('%s heard %d times'):format(method, count), function()
    return self:heard(method)
  end, function(messages) return #messages >= count end)
end

return M
