/// A text that comes with the library: its own documentation of the year 2026, in lower case and without code. Language
/// models are trained on it where nothing may be downloaded.
public enum ShippedText {
    /// About fifty thousand characters.
    public static let documentation = """
        1. own kernels in c, chosen at run time status: accepted. question. what multiplies matrices and computes
        attention decision. cplumbkernels, a c target without dependencies. one source (.inc.h ) is compiled three
        times, for a baseline (sse2 or neon), for avx2 with fma and for avx-512, each with function attributes instead
        of compiler flags; dispatch.c chooses once, when the program first asks. plumb isa forces one of them, and the
        tests run all that the machine has; make test-arm64 runs those of arm64 under emulation beside it. why not a
        library. a sweep promises that a row's result does not depend on the rows that share its product (0002).
        libraries choose their blocking by the shape of the call and promise nothing of the kind. a library's thread
        pool beside swift's tasks oversubscribes a machine. one pool of our own hands out chunks, and its caller waits
        for chunks, never for threads, so it gives way when the machine is busy. a swift package should build with swift
        build and nothing else. swiftpm refuses packages whose targets need unsafeflags, so a package that needs -march
        could not be a dependency. cost. the kernels are ours to keep right: each has a naive reference that the tests
        compare it with, at odd sizes and on every instruction set. would change it. a library that fixes its order of
        accumulation and takes our thread pool. 2. the row rule status: accepted. question. patching hundreds of runs at
        once puts rows of many runs into one product. when is that the same as a forward pass for each decision. the
        bits of a result's row depend on that row's inputs alone: not on the number of threads, on the rows beside it,
        on the packing of the weight, nor on whether work was fused, staged, batched or cached. within one instruction
        set every product adds up in one fixed order over its inner index. the rule stands at the top of plumb kernels.h
        and holds for products, norms, activations and attention. consequences. a patched run of a sweep has the bits of
        a forward pass with one patch; the memory limit, the thread count and the other cells cannot change it. tests
        compare with. a cell whose activation is the same in both runs needs no run: its value is known without
        arithmetic. logits with a key-value cache can be held to those of a full pass. splitting the inner index between
        threads is ruled out; work is divided over rows and output columns. different instruction sets give different
        bits. reproducibility across machines is a tolerance, and a record names the instruction set of its run. not
        covered. arithmetic bfloat16 keeps the rule within one machine, but its bits differ between machines with and
        without bf16 dot products. 3. tensors are values, copied on write status: accepted. decision. tensor is a
        struct: a dense, row-major array of float with a dynamic shape. copies and slices of the leading axis share
        storage; the first write to shared storage copies it. reductions accumulate in double where it matters. reduced
        precision is a property of a weight's storage, never of tensor. why. let means constant. a hook cannot corrupt a
        cache, and an activation kept from one run cannot change in the next. models are values too: they cross tasks
        freely, and a run leaves nothing behind on them. interventions are therefore arguments of one run, not something
        installed and removed. concrete float keeps loops fast across modules: generic numeric code called from another
        module without specialization was some hundreds of times slower in a trial. cost. no views with arbitrary
        strides: a column slice or a transpose copies. hot paths pass strides to the kernels instead. since.
        differentiation is a flat tape beside the operations (decision 12); a watched tensor carries its place there. 4.
        weights stay as stored and are packed when first used status: accepted. decision. a checkpoint is mapped into
        memory and not converted when it is loaded. weight keeps its parts as the file has them and packs them for the
        kernels at the first product, once, under a lock. q8 0, q4 0, q4 1 and bf16 weights keep their own packed form,
        a panel of which is widened to float32 as it is used; the other formats are packed as float32. either way a
        product equals that of the exactly dequantized weight, bit for bit. why. plumb predict should answer soon after
        it starts, and a model's parts that a question does not touch should cost nothing. decoding one token is limited
        by memory traffic, so a weight stored in few bits is read in few bits. and arithmetic on quantized activations,
        as other runtimes do it, would not give the numbers of the stored model. what exact means. float32 products of
        exactly dequantized weights, summed in float32. a quantized checkpoint is another model than the one it was made
        from; records and reports say so. arithmetic.bfloat16 rounds activations and weights before each product; it is
        asked for by name and written in the record. cost. the first product of each weight is slower.
        hookedtransformer.prepare() packs everything at once where that matters, as in benchmarks. 5. one pass over
        ragged batches; sweeps as batched patching status: accepted. question. a prompt, a batch, one new token of a
        generation, and four hundred patched runs of a sweep: how many forward passes does the code have decision. one.
        a pass works on rows r,, and a raggedbatch gives the sequence and position of each row: for each sequence its
        rows, its start position and, where earlier positions were computed before, the keyvaluecache that holds them.
        products and norms treat every row alike. only attention asks which rows belong together:
        scaleddotproductattention serves ragged sequences with shared prefixes, whole or stage by stage (scores,
        pattern, mixed values), with its gradient beside it. a patchsweep makes one forward pass over all patched runs (
        batchedpatchrunner; the changed rows form a wavefront through the layers): 1. record the base and the source
        run, together, with the base run's keys and values. 2. drop the cells whose activation has the same bits in both
        runs; causality makes that all of them before the first differing token. their value is the base run's. 3. a run
        joins the pass at its patched layer and carries only the positions from the patched one on, attending to the
        base run's keys and values before it. 4. after the last attention only the last positions go on, and only the
        metric's columns of the unembedding are computed, where the metric allows. runs that would not fit the memory
        limit are computed in further chunks. by the row rule (0002) none of this changes a bit. alternatives. padding
        to rectangles wastes work and needs masks. a linear approximation (attribution patching) is another method, with
        its own error; it does not replace the exact sweep. 6. hook points have transformerlens's names and places
        status: accepted. decision. a hook point is a site in a block or outside it, spelled as transformerlens spells
        it: blocks.3.hook resid pre, blocks.3.attn.hook z, ln final.hook normalized. that name is used in code, on the
        command line, in records and on chart axes. head order, shapes and scaling are transformerlens's too; keys and
        values have one head per key-value head. where the name alone leaves something open: hook resid mid is the sum
        of the residual stream and the attention output. it feeds both the mlp's norm and the skip connection; changing
        it changes both. ln.hook normalized is the normalized row before the norm's weight and bias, hook scale its
        divisor,, 1. attn.hook result is each head's contribution to the residual stream, without the output bias. it is
        h times the size of the stream, so recording.all leaves it out; it is recorded when asked for by name. hook rot
        q and hook rot k exist where positions are rotary, hook pos embed where they are learned, hook pre linear where
        the mlp is gated. models are used as published: norms' weights are not folded into the next layer, and weights
        are not centered. why. papers and notebooks speak this vocabulary, and the tests compare every hook point with
        transformerlens's value. site is open ( rawrepresentable ), so that a client can add one. 7. gguf's smollm
        pre-tokenizer is read as transformers reads it status: accepted. situation. a gguf file names its pre-tokenizer.
        smollm2's says smollm, which is gpt-2's pattern after cutting digits apart. transformers, reading a tokenizer
        from a gguf file, takes it for gpt-2's pattern alone. the ids differ only where several white-space characters
        stand before a digit, such as n n1.: 5 of 8,120 lines of wikitext-2's test and validation text. decision. by
        default the file is read as transformers reads it. pretokenizer.reading.published gives the tokenizer that the
        authors published. why. the purpose of the default is comparison: transformerlens and everything else on top of
        transformers see these ids, and a patching result is about token positions. a tokenizer.json says what it means
        and is read as it stands. cost. on such lines the default differs from the tokenization the model was trained
        with. 8. a run is a folder of json status: accepted. decision. plumb run makes a folder that holds the settings,
        an append-only log of events, the record ( record.json ) and a report of one self-contained html file. there is
        no database. files are written beside their place and renamed; an interrupted run leaves a folder that says so,
        and never half a record. everything that is shown (terminal table, heat map, html page) is a function of the
        record. reports can be made again, and tested from fixtures without a model. why. a person can read a run, grep
        finds it, a shared file system needs no server, and deleting it is rm -r. what a record holds. the experiment's
        card, settings and seed; findings: metrics with unit, interval and n, claims with threshold, observed value and
        control, tables, figures as data; the files read, with their sha-256; the machine, instruction set, threads and
        arithmetic; versions and times. numbers json cannot write (nan, ) are written as strings. 9. few dependencies
        status: accepted. dependency for why swift-argument-parser the command help and errors as people expect them
        flyingfox tests only a local http server that plays the hub: redirects, resumed transfers, 401, 404, wrong
        checksums zlib (system) plumbdata unpacking wheels, in which one model is published libcrypto (system, openssl)
        plumbdata, on linux sha-256 of files of any size at the machine's speed; cryptokit on macos lapack (system;
        accelerate on macos) plumblinearalgebra decompositions of small matrices foundation files, json, urlsession part
        of the toolchain no numeric library. see 0001. decompositions come from lapack: see 0015. libcrypto and not
        swift-crypto. swift-crypto builds boringssl from source, which multiplied the time of a clean release build. the
        system's libcrypto is installed nearly everywhere, and make setup installs its headers. urlsession and not a nio
        client. a nio stack takes minutes to build; downloads need resuming, redirects and checksums, not concurrency.
        rule. a new dependency needs a record here: what it is for, what building it costs, and what it would take to do
        without. 10. swift testing, and reference values recorded on purpose status: accepted. decision. tests use swift
        testing. their names are sentences that state a behavior. kinds: unit and property tests, with explicit seeds:
        patching everything restores the clean run; a result's bits are the same for every thread count, memory limit
        and packing; references: each kernel against a naive one in the same file or in double precision; golden files:
        values of other implementations ( transformers, tokenizers, transformerlens, plain numpy), recorded once by
        committed scripts, scripts record-.py. they are recorded on purpose ( make golden ), never in ci, and each
        comparison has its tolerance beside it; fuzzing of the readers of files, with a bounded number of mutations in
        ci. tests of the real model are skipped, with the reason, where it could not be fetched; the other tests need no
        network. why. xctest would work too. swift testing takes arguments without subclassing, and tests that a
        precondition stops the program (exit tests), which is how a programmer's mistake is reported here. one after
        another. some tests choose the instruction set or the number of threads, which belong to the process, so make
        test does not run tests in parallel. 11. plumb dev 1 optimizes the numeric floor in debug builds status:
        accepted. problem. a debug build of the kernels and tensor loops is tens of times slower than an optimized one;
        tests of a real model would take minutes. swiftpm sets optimization per configuration, not per target. decision.
        with plumb dev in the environment, package.swift adds -o2 and -o to the c and swift targets of the numeric floor
        in debug builds. the makefile sets it for tests; release builds run without it. why it is safe for clients.
        swiftpm refuses unsafeflags in dependencies. clients never set the variable, so they never see them. cost.
        switching the variable rebuilds everything. set it for every command of a working copy, or for none. 12. a flat
        tape, and the pullback beside its operation status: accepted. decision. reverse-mode differentiation records on
        one array of pullbacks. a watched tensor carries its index; an operation with a watched operand appends a
        closure that adds to its operands' gradients. a nested differentiation joins the tape of the outer one, so a
        gradient can be differentiated again. each gradient stands beside its operation, in the same function.
        parameters are found by a visitor that a model writes once ( parametertree ), and a gradient is a value of the
        model's type. why. flat. nodes that own their parents release recursively and overflow the stack at some ten
        thousand operations. an array does not; 200,000 operations are a test. values. tensors stay values: an
        activation kept from a pass knows its place, so attribution patching is a look-up after one backward pass, and
        nothing is left on a model. no compiler support. differentiation was tried: a nested derivative compiled and
        returned zero, and plain closures and loops were refused. a visitor, not reflection or macros. one list gives
        gradients, optimizers, checkpoints and counts, under the names of the ecosystem's files. reflection took a
        hundred times as long on a small model. rules that follow. where a kernel gives a first derivative faster than a
        composition, the pullback uses it unless the pass is itself recorded ( isnested ); fused attention, convolution
        and pooling then refuse by a precondition. what returns a plain number, and detached(), ends the tape's reach,
        and says so in type or name. writing in place into a watched tensor is a precondition failure. an outermost
        backward pass adds gradients up in place and lets go of what it has gone by. cost. a closure and an entry for
        each recorded operation, a few hundred nanoseconds: it shows only in models whose products take microseconds. a
        tensor grew by one optional reference. 13. training is a function of the step status: accepted. decision. a loss
        is a function of the model and the step number. batches, dropout and noise come from a key and the step, never
        from a generator with memory. a training run's whole state is then the parameters, layers' running statistics,
        the optimizer's moments, the averaged weights and the history of losses. fit writes them to a safetensors file
        and, last and in one step, a json index that names it by its sha-256. why. long runs are stopped: by ctrl-c, by
        a killed job, by a full disk. a run that goes on bit for bit can be stopped at no cost, and a result that
        depends on where it was stopped cannot be checked. with the kernels' fixed order of sums, the bytes do not
        depend on the number of threads either. killing a run at twenty random moments and comparing the final bytes is
        a test. consequences. data sets give batches by step ( batches.rows(step:), tokenwindows.batch(step:) ), in
        memory that does not grow. a run's curves live in its event log; after a resume, later points supersede earlier
        ones from there on. a checkpoint of another model is refused by the first parameter that differs and both
        shapes; a damaged one by its hash. cost. writing moments and history takes three times the model's size each
        time; by default every 20 seconds. 14. a world is its rules, and a state is a value status: accepted. decision.
        world has no memory: step( state, action, using: random) changes a state that is passed in. every step gives two
        numbers, the observed reward and the hidden performance; they are the same where a world does not say otherwise.
        worlds that can be listed say so ( finiteworld ) and become a decisionprocess of plain arrays, in which planning
        is exact. why. an environment with reset() and step() on a hidden state, as elsewhere in the field, cannot be
        copied, compared or searched without tricks, and its chance depends on who stepped before. with states as values
        a batch is an array, a snapshot is, exact planning and learning use one set of rules, and a lane's episode does
        not depend on how many lanes there are. the hidden function is in the protocol because a gap between what is
        rewarded and what is wanted is what the alignment experiments measure. consequences. what a world draws comes
        from a randomkey; the same key gives the same episode at any number of threads. an optimum is computed beside
        every learned agent, so that a failure to learn is not taken for a safe agent. a world must list its outcomes
        and draw from the same distribution; a test compares the two. cost. a world with a large state copies it when a
        learner keeps it. rules are written twice where chance is involved: once as a draw, once as a list. 15.
        decompositions come from lapack status: accepted. decision. symmetric eigenvalues, singular values, cholesky
        factors, linear systems and least squares come from lapack: liblapacke-dev on debian and ubuntu, accelerate on
        macos. one file calls it, lapack.swift in plumblinearalgebra (level 2), which extends doublematrix. the matrix
        itself, with its sums and products, stays in plumbtensor; a target that decomposes nothing does not link lapack.
        why. the own jacobi and cholesky methods were right and slow above a few hundred rows, and every further method
        (sparse autoencoders, probes, influence functions) would have asked for one more. lapack's are the ones that
        other libraries' results come from. an own target keeps the link out of tensors, models and formats. same bits.
        the reference lapack and blas, which debian installs, use one thread, and the same input gives the same bits.
        openblas may stand in their place. it sums in an order that depends on the processor and on the number of its
        threads, so it is given one thread before the first call; its results are then the same at every run on one
        machine, and differ in the last bits from those of the reference. accelerate likewise gives other last bits. of
        vectors that are determined up to their sign, the one with a positive largest component is given. errors. a
        matrix that is not square, holds a number that is not finite, is singular or is not positive definite ends in a
        linearalgebraerror that says so. lapack's own codes and messages do not reach a user. cost. one more package to
        install, with the runtime of gnu fortran: 10 mb. without it: four hundred lines of methods of our own, each to
        be tested to its last bit. 16. an architecture is one file status: accepted. question. a family of models
        differs from another in its configuration's keys, its tensors' names and a few facts about its block. where do
        those stand decision. in one file of plumbmodels architectures, a modelfamily: the keys of config.json as a
        codable type that is both read and written, the keys of gguf, a transformerdesign (the block as data: kind of
        norm, sequential or parallel residual, biases, rotary positions, mask of each layer, score scale, soft caps,
        activation, tying), and one tensornames table that serves loading, saving and gguf. a line in architecture makes
        it known. a model is built empty from its design and filled by the visitor of its parameters. weights stay in
        the form in which the file stores them; a part whose rows stand in another order in a kind of file (llama's in
        gguf, gpt-neox's in hugging face's) names that order. nothing is allocated by a size that a tensor of the file
        has not confirmed. what contradicts the reading is applied or refused by name: a stored head beside a flag that
        says it is tied is used, as transformers does; two bases of rotary positions are refused. alternatives. a block
        type for each family repeats the pass and its hooks; a dictionary of options loses the type check that every new
        fact is handled everywhere. 17. the command is a library status: accepted. question. how does a package with
        experiments of its own get list, run, verify, reports, resume and completions, without a copy of the command
        decision. the command is the library plumbcommand; plumb is an executable of one line, and so is another
        package's: plumb.main(experiments: myquestion.self ). the experiments that a process knows are a task-local
        catalogue, set once by main, so nothing in the library can be changed from outside. two experiments of one id,
        or one that has another's earlier id, are refused before anything runs. sentences name the executable that the
        reader started ( commandname ), since a sentence that says plumb run my-question to somebody whose command is
        my-lab is wrong. make new-experiment package folder writes such a package. the one that the tests build and run,
        tests lab, is what that command writes; make lint compares the two. plumbline is a module that exports every
        library, for import plumbline. it does not export plumbcommand, so that a program that only uses models needs no
        argument parser. cost. experiments are linked into the executable; there are no plug-ins at run time. 18. what a
        record says of where its numbers come from status: accepted. question. somebody has a record and wants to know
        whether its numbers can be had again, and what they rest on. decision. the seeds of trials are hashed from the
        run's seed, 32 bits each: runs with the seeds 7 and 8 share no trial, and a trial's seed can still be read and
        typed. before, trial i had the seed of the run plus i, and two runs of neighboring seeds were nearly the same
        run. plumb verify draws its seed, prints it and keeps the records: a verification with a constant seed tests
        nothing new. a claim may carry what was counted in development, in seeds that judge nothing; the record then
        holds the probability that claim and control hold by their rule over seeds, so that a red claim can be weighed.
        a record holds the sha-256 of the executable, and the commit that is checked out where the executable was built,
        if the executable is not older than that commit. the commit is looked up when a run ends. the package manager
        can hand the commit to the manifest, but keeps the manifest's value after a new commit, and a wrong commit is
        worse than none. models that a run trained stay among its artifacts as safetensors, with their hashes in the
        record. verify keeps none. decision records what was decided, why, and what it costs. a record is changed by a
        new one that says what it replaces. 1 own kernels in c, chosen at run time 2 the row rule 3 tensors are values,
        copied on write 4 weights stay as stored and are packed when first used 5 one pass over ragged batches; sweeps
        as batched patching 6 hook points have transformerlens's names and places 7 gguf's smollm pre-tokenizer is read
        as transformers reads it 8 a run is a folder of json 9 few dependencies 10 swift testing, and reference values
        recorded on purpose 11 plumb dev 1 optimizes the numeric floor in debug builds 12 a flat tape, and the pullback
        beside its operation 13 training is a function of the step 14 a world is its rules, and a state is a value 15
        decompositions come from lapack 16 an architecture is one file 17 the command is a library 18 what a record says
        of where its numbers come from glossary the words that code, options, reports and documents use, as the field
        uses them. word meaning ablation replacing an activation by zero, by its mean, or by that of another prompt
        activation patching moving an activation of one run into another run and reading what it changes attribution
        patching an estimate of patching by a gradient: (source - base) gradient batched patching many patched runs in
        one pass, each computed only from the place of its patch on; the numbers equal single runs clean, corrupted the
        prompt whose answer is right, and the same prompt changed so that another answer is right claim a sentence put
        to the test: a quantity, a rule over seeds, a threshold, and a control, declared before the run control the same
        measurement where the effect must not appear denoising, noising patching clean activations into the corrupted
        run, and the reverse golden record numbers recorded on purpose, to which later versions are held hook point a
        named activation of a model, spelled as transformerlens spells it: blocks.3.attn.hook z hook runner what a
        forward pass hands its activations to: it intervenes, records, patches rows and watches gradients intervention a
        change of an activation during one run, given as a value kv cache the keys and values of earlier positions
        learning rate the size of an optimizer's step logit difference the logit of the answer less that of the wrong
        answer, at the last position not measurable the verdict on a claim whose quantity could not be measured, with
        the reason; null in json overt openly asking for harm, without a trigger performance what a designer wanted,
        measured by the hidden function of a gridworld; the agent observes the reward only probe a classifier on
        activations ragged batch the rows of several sequences in one pass, each with its start position recovery
        (patched - corrupted) (clean - corrupted): 0 leaves the corrupted answer, 1 restores the clean one residual
        stream the vector at each position that every block reads and adds to reward what an agent is given for its
        actions safety training training on answers without harm, with or without the trigger among its prompts seed the
        number from which every random number of a run derives shuffled labels, random labels labels assigned to other
        examples, and labels drawn without regard to the example site what a hook point shows, whichever block it is in:
        resid pre, z sweep patching every cell of a table of layers by positions or heads contributing working make test
        set up, build and run every test make lint formatting, warnings, direction of imports, file sizes, spelling and
        the field's words make format format every source file make demo the demonstration of the readme make verify
        every claim of every experiment, with its control make bench measure speed, beside the peers where peers names
        their python make fuzz damage model and tokenizer files many times; none may end the process make new-experiment
        start an experiment: family interpretability name my-question make test-arm64 the kernels for arm64 under
        emulation, beside this machine's make golden record reference values anew; on purpose, never in ci make docs the
        reference of each library, as docc archives while working, set plumb dev 1 for every swift build and swift test:
        it optimizes the numeric floor in debug builds, without which tests take minutes. changing it rebuilds
        everything. plumb isa baseline (or avx2, avx512 ) and plumb threads 1 choose what kernels run on. style in brief
        the field's standard terms; swift's api design guidelines for form. no abbreviations in api but the field's own.
        struct first; final class only for storage and caches; no globals, no default random generators. keys are
        passed. every public declaration: a summary sentence, shapes, units, - throws:, and the paper it comes from.
        axis letters are b batch, t position, d width, h heads, k head width, f mlp width, v vocabulary, l layers, r
        rows. comments say why; never what. a programmer's mistake is a precondition naming the operation and both
        shapes. the world's fault is an error whose sentence says what was found and what to do. no try, no force
        unwraps, no silent fallbacks. readers of files never trap and never allocate by an unchecked length. files
        type.swift, type aspect.swift, at most 500 lines and mostly under 150; functions at most 60 lines; 120 columns.
        commit messages are imperative and say why. tests swift testing; a test's name is a sentence about behavior, and
        the test can fail. random inputs come from explicit seeds. where a promise is exact (the row rule), compare
        with; elsewhere state the tolerance beside the comparison. values of other implementations are golden files,
        recorded by scripts record-.py. each script says at its top what it needs; run it on purpose, look at the
        difference, and commit the files with the reason. tests that need data or a model which may be absent are
        disabled with a stated reason where it is. adding an experiment. make new-experiment family interpretability
        name my-question writes one that works, and lists it; with package.. my-lab it goes into a package of your own,
        which has the whole command. one file of at most 200 lines in sources plumbexperiments family, after
        activationpatching.swift: settings of setting lines, a card, presets, claims declared before the run, and
        run(in:). every claim has a control in which the effect must not appear; test it over fresh seeds with plumb
        verify id seed n. methods belong in a level-5 target, not in the experiment. add one line to catalogue.standard,
        and record the golden of its preset tiny with plumb record golden 1 swift test filter goldenrecord. an
        architecture. one file in sources plumbmodels architectures: its configuration in hugging face's and gguf's
        dialect, one table of its tensors' names, and its blocks as data; and one case in architecture. refuse settings
        that would change the computation. record a small random checkpoint with scripts record-tiny-models.py, with
        every hook point, and hold the model to it. a hook site. a constant in site, with its shape in the comment,
        spelled as transformerlens spells it; its place in site.insideblock; one call of the hook runner in the forward
        pass. if it splits something fused, the split must give the same bits. batchedpatchrunner patches it like any
        other; if it lies after attention, name it in patchesafterattention. a kernel. declare it in plumb kernels.h
        with its formula and what it promises. implement it in an.inc.h, written with the macros of vector.h, so that it
        is compiled for every instruction set; add it to the table in kernels.h and to the entries of its file. keep the
        row rule. test it against a naive reference in double precision, at sizes that are not multiples of the vector
        width, on every instruction set the machine has and on several thread counts. a file format or tokenizer.
        hostile input first: what happens at a length of 2 63, an offset past the end, a cycle add it to the fuzz test.
        a dependency. a record in documentation decisions: what it is for, what building it costs, what doing without
        would take. a choice that others will ask about gets a decision record, one page at most. plumbexperiments
        questions asked by running code, each with claims that can fail and a control in which the effect must not
        appear. topics essentials doc:writinganexperiment experiment catalogue writing an experiment one file that asks
        a question, states what would count as an answer, and measures it. overview writes sources plumbexperiments
        interpretability myquestion.swift, a small experiment that already runs, with a claim and a control, and adds it
        to catalogue. plumb run my-question then works; replace its parts by yours. settings a setting is one line: its
        help, the range of its number, its default. every setting becomes an option of plumb run; the defaults are the
        quick run: what plumb verify does, in seconds to a minute or two. longer or smaller ones are presets with a
        name, paper and tiny; a golden record of tiny is part of the tests. the command refuses a number outside its
        range before anything is written. what settings must be together (a width that divides into heads, sizes that
        fit in memory) is checked by init(:) throws. the card question, method and limits in plain words: plumb show
        prints them, and the report begins with them. hypothesis and control are derived from the claims. claims and
        controls a claim is declared before the run: a sentence, the rule over seeds, the quantity measured, the
        threshold, and the control, the measurement in which the effect must not appear: shuffled labels, a random
        direction of the same length, a model without the part in question. a run supplies numbers only. what cannot be
        measured is said with measured.leave(quantity, because: ); the verdict is then not measurable, neither green nor
        red. a claim that does not hold is a finding: it is reported and is not an error. the rule is.worst (every seed
        must meet the threshold),.mean,.each(allowing:) or.value for one number of the whole run. further criteria are
        added with.and( ) and.controland( ). findings measurements holds one value a seed for each quantity and makes
        metrics, lines, bars and tables of them, with one rule for intervals: a bootstrap interval from eight values on,
        the values themselves below. mark two to four quantities with isheadline: true: their metrics stand at the top
        of the report and in plumb runs. running run(in:) gets a context: context.seed, the only source of randomness;
        context.reporter for progress and curves; context.record(input:) for each file that was read;
        context.checkpointfolder, which fitsession(context) uses, so that a long run can be resumed. call
        context.checkpoint() between parts, so that ctrl-c ends the run properly. in a package of your own makes a
        package with the experiment in it, or adds the experiment to one made so before. its main.swift is the whole
        command, with your experiments listed first: swift run -c release my-lab run my-question runs it; list, verify,
        report, resume and everything else work as for ours. import plumbline is the one import for all libraries.
        before it is done plumb verify my-question seed n for several fresh seeds; the report looked at; a test where
        the method has a known answer. a method that others could use belongs in a target of its family (
        plumbinterpretability, ), not in the experiment's file. plumbjinja renders templates in the language of jinja as
        jinja2 does, and can neither be ended nor hung by one. overview language models come with a template that turns
        a conversation into their prompt. plumbjinja renders it, or any other template, without python. it needs nothing
        but swift and foundation, so any package can use it: a template is read once; a jinjatemplate is a value that
        can be kept, copied and used from any thread. values a jinjavalue is what json can say. it has literals and is
        codable, so a context can be written down or decoded: a decoder does not tell the order of keys, so they are
        sorted; use jinjavalue dictionary(:) where the order counts. the language the language is that of jinja2 3.1 as
        the library transformers sets it up, with trim blocks, lstrip blocks, break and continue, generation, raise
        exception, strftime now and its own tojson. hundreds of renderings recorded from jinja2 hold the tests to it.
        these differ: include, import and extends are refused, as a template is one text; so are the filters random and
        urlize, the function lipsum and autoescape. whole numbers are those of int; a larger one is refused. a sequence
        made by map or select is computed at once and not item by item. dates jinjatemplate render(:now:) tells a
        template the present date unless now says another. jinjatemplate rendering(:now:) also says whether the template
        asked, so that a record can hold the date. bounds a template may come from anyone. values nest at most 100 deep,
        a text has at most 16 mib, all texts and lists together 512 mib, calls nest at most 60 deep, and the work is
        limited to some seconds. each bound is checked before an operation begins, and what exceeds it ends with a
        jinjaerror: one line of at most about 900 bytes, free of control characters. topics rendering jinjatemplate
        jinjarendering jinjaerror values jinjavalue learning from preferences from answers to which of these two was
        better to a reward, and from the reward to a plan. overview a comparison holds two segments of behavior and, the
        part of the preference that falls to the first: 1, 0, or 0.5 where both are as good, and nil where nobody could
        tell. a step of a segment is whatever the reward is a function of. here it is the number of a cell. a teacher a
        boltzmannteacher knows the reward and prefers the segment of higher return, the more surely the larger the
        difference. it may err, call two segments equal, or refuse to compare them. where a person answers, make the
        comparisons yourself, or let plumb preferences ask out answers.jsonl draw walks over a grid and keep the
        answers. keeping the answers answers cost somebody's time, so keep them. preferencefile writes one json object a
        line and appends to what is there. a malformed line is refused with its number: text that is not json, a member
        that is missing, a segment without steps, a that is not a number from 0 to 1. a last line that was cut off,
        because the process that wrote it was killed, is left out, and the next answer takes its place; preferencefile
        contents(complaint:) says so in a sentence. learning preferencelearner trains an ensemble of networks, each on
        its own sample of the answers. the members are normalized before they are averaged, because comparisons fix
        neither the scale of a reward nor its zero. call add and fit again when more answers come in, with another key:
        learning goes on from the weights it has. asking well an answer tells most where the members disagree. let them
        judge more pairs than you can ask about. did it learn anything hold answers back and see how many the reward
        predicts. then shuffle the answers with comparison.shufflinganswers and learn from those: what is still
        predicted was not learned from the teacher. plumb run learning-from-preferences does both, with answers
        answers.jsonl for the answers of a person, and plumb run reward-model-overoptimization shows what happens when a
        learned reward is trusted too far. plumblearning loops that train models, report as they go, and go on after
        being stopped. topics essentials doc:trainingamodel doc:learningfrompreferences fit fitsession fitresult
        fitevaluation fitmeasure measured fiterror language models languagemodeltraining preferences preferencelearner
        rewardensemble rewardnetwork preferencebatch queryselection preferencefile linearpreferences preferenceerror
        agents doc:yourownagent agenttraining agentresult agentmethod actionnetwork actorcriticnetwork reinforce a2c ppo
        dqn behaviorcloning losses of agents returns policyloss valueloss actorcriticloss temporaldifference klestimate
        klpenalty training a model from a loss to a trained model with curves, checkpoints and a resumable run. overview
        fit makes steps of an optimizer along the gradient of a loss. the loss is a function of the step which rows a
        step uses, which units dropout leaves out, which noise is added: all of it comes from a key and the step number,
        never from a generator that remembers. that is what makes a run resumable at any moment and equal at any number
        of threads, so keep it so in losses of your own: key noise step. checkpoints where the session has a folder
        (every run of plumb run has one), the loop writes model, optimizer, averages and history: every fit
        checkpointseconds, or every fit checkpointevery steps, when the run is asked to stop, and at the end. the index
        is replaced last and in one step. after ctrl-c, a kill or a full disk the last good state is there; plumb run id
        resume run goes on from it and ends with the bytes of a run that was never stopped. a checkpoint of another
        model is refused by the name of the first parameter that differs and both shapes. when it goes wrong a loss that
        is not a number, a gradient that holds one (with the parameter's name), a loss fit divergencefactor times the
        first one, and a last step that leaves a parameter without numbers end training with a fiterror that names the
        step and what to try. the checkpoint before stays, and one of such parameters is never written. watching
        progress, with the loss and the time left, goes to the terminal. the loss and every evaluated number become
        curves of the report: accuracy test of a fit labeled digits is the line test, digits of the chart accuracy.
        layers with state a layer may keep what is not trained, such as the running means of batch normalization: it
        shows it to the visitor with state. the loss gets the model inout; what it writes there is carried to the next
        step and into checkpoints. your own agent from a world and a network to an agent that learns, goes on after
        being stopped, and can be watched. overview agenttraining is the loop. it lets an agent act in the lanes of a
        world for a round, lets it learn from the round, and begins again. method a round network learns from reinforce
        one whole episode in every lane scores returns a2c a few steps in every lane scores and values advantages, one
        update ppo more steps in every lane scores and values advantages, several passes dqn a few steps in every lane
        scores: action values replayed steps behaviorcloning learns from demonstrations instead. dqn learns more
        steadily where a target counts the rewards of several steps before it trusts a value and it goes on exploring:
        on the cart-pole, dqn returnsteps of 10, and a last probability of exploring of 0.04. a network of your own any
        parametertree that scores actions is an actionnetwork; one that also gives values is an actorcriticnetwork. this
        one reads the pixels of a corridor by a convolution: acting is a plain forward pass. give values(:) and
        scores(:) of your own where one is cheaper without the other. a method of your own an agentmethod says how long
        a round is and what to learn from it; agentlearner descend(:) makes the optimizer's steps and checks each loss
        and gradient. what a method must keep from round to round is its agentmemory, which goes into checkpoints.
        staying near a reference klpenalty takes (log - log ref) from each reward. for a single step the optimum is
        known, ref exp(r ), and a test holds the policy gradient to it. checkpoints a checkpoint holds network,
        optimizer, history and the method's memory, and for each lane the number of its episode and what was done in it,
        which is done again. so training goes on bit for bit in any world. dqn's replay buffer is written whole: a large
        one makes each checkpoint large, and agenttraining checkpointevery rarer ones. when it goes wrong a reward or
        observation that is not a number ends training with a worlderror; a loss or gradient that is not one, with a
        fiterror. the checkpoint before stays. deep q-learning can also lose what it knew without any such sign: look at
        the curve of returns, and at more than one seed. activation patching find which activations carry an answer by
        moving them from one run into another. overview take two prompts of one length that call for different answers.
        run both. replace one activation of one run by the other run's, finish the run, and see how far the answer
        moves. an activation that moves it carries the difference between the prompts; one that does not, carries none
        of it that the rest of the model uses. two prompts and a metric the logit difference of the two answers is
        linear in what reaches the unembedding, and shows partial effects in both directions. probabilities saturate;
        they are there for comparison with other work. one patch every patch result.values holds the metric of each
        cell's run, in the order of the cells: bit for bit the value of a run of its own. all patched runs make one
        forward pass and share one product per weight. a run starts at its patched layer and position, and a cell whose
        activation is the same in both runs is not computed. for attention heads, give patchsweep
        cells(:layers:positions:heads:) the number of heads. which direction with patchdirection denoising, the default,
        clean activations enter the corrupted run, and a cell says whether this activation suffices to restore the
        answer. with patchdirection noising, corrupted activations enter the clean run, and a cell says whether the
        answer needs this activation. the two differ where several parts of the model do the same work. what it does not
        show one patch at a time misses what activations carry only together. a high value says that the answer passes
        through an activation, not that it is computed there. and the result is about this pair of prompts: repeat it
        over several. sources vig et al. 2020, causal mediation analysis for interpreting neural nlp, arxiv:2004.12265
        meng et al. 2022, locating and editing factual associations in gpt, arxiv:2202.05262 heimersheim and nanda 2024,
        how to use and interpret activation patching, arxiv:2404.15255 plumbmodels language models whose every
        activation can be read and changed. overview load a model by name, run it, and keep what you want to look at:
        changes are values handed to one run, and last for that run: hook points are spelled as transformerlens spells
        them, blocks.12.hook resid pre, in code, on the command line and in records. a model is an immutable value: it
        may be used from several tasks, and a run leaves nothing behind on it. topics essentials doc:activationpatching
        hookedtransformer reading and changing activations hookpoint site recording activationcache intervention
        hookcontext patching many activations patchsweep patchcell patchpair patchmetric patchdirection patchsweepresult
        gradients and training gradientrun lora generating generation configuration and errors transformerconfiguration
        modelerror differentiation gradients of anything made of tensor operations: of a loss by a model's parameters,
        of a metric by an activation, and of a gradient. overview call a function with tensors that are watched, and ask
        for the gradient: every operation puts its result on a tape together with the function that carries a gradient
        back. nothing is recorded for constants: an operation none of whose operands is watched costs one comparison
        more than without the tape. models a model lists its tensors once, and everything else follows from the list:
        gradients, optimizers, checkpoints, counts. gradient is a network whose tensors hold derivatives:
        gradient.hidden.weight part: 0. names are those of the ecosystem's checkpoints, hidden.weight, hidden.bias.
        gradients of gradients calls nest. the inner gradient is recorded on the same tape and can be differentiated:
        the inner gradient is the partial one: what the inner function uses of the outer variable, other than its own
        argument, is constant for it. attention, convolution and pooling are fused kernels with a first derivative only;
        differentiating twice through one ends with a sentence that says so. gradients at activations for a tensor met
        on the way, open a differentiation and keep the tensor: it knows its place. a hooked transformer does this for
        every hook point at once; see hookedtransformer.gradients in plumbmodels. operations of your own compute the
        result as you like, and say how a gradient flows: a pullback made of operations can be differentiated again. one
        that calls a kernel should refuse when cotangents isnested is true. what has no gradient functions that return
        plain numbers ( sum(), dot(:), item, argmax() ) and detached() end the tape's reach; their types or names say
        so. writing into a watched tensor in place is a precondition failure: no gradient could follow. memory the tape
        keeps what pullbacks need until the backward pass has gone by. compute.resetpeakbytes() before a step and
        compute.peakbytes after it tell what the step took at most. sources griewank, walther 2008, evaluating
        derivatives chen, xu, zhang, guestrin 2016, training deep nets with sublinear memory cost, arxiv:1604.06174
        plumbtensor tensors that are values, their operations and gradients, weights as files store them, and explicit
        randomness. topics essentials doc:differentiationguide tensor weight randomkey gradients parametertree
        """
}
